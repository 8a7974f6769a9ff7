import { call } from '../../connection/control.ts';
import { refused } from '../../connection/run.ts';
import { useConnection } from '../../store/connection.ts';
import { toast } from '../../ui/toasts.tsx';

/** Where the text goes: the desktop window asks for a place, a browser puts it among its downloads. */
export async function saveText(fileName: string, text: string): Promise<void> {
  if (useConnection.getState().capabilities.includes('save-file')) {
    try {
      const { path } = await call('shell.save-file', { suggestedName: fileName, text });
      if (path !== null) toast({ tone: 'good', text: `Saved ${path}` });
    } catch (error) {
      refused(`${fileName} not saved`, error);
    }
    return;
  }
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  toast({ tone: 'good', text: `${fileName} is among your downloads` });
}

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast({ tone: 'good', text: 'Copied' });
  } catch {
    toast({ tone: 'bad', text: 'Not copied', detail: 'The browser refused; select the text and copy it.' });
  }
}
