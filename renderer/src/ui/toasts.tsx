import { useEffect, useRef } from 'react';
import { create } from 'zustand';
import { Button, IconButton } from './button.tsx';
import { Icon } from './icon.tsx';

export interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad' | 'neutral';
  readonly text: string;
  /** A second line: what to do next. */
  readonly detail?: string | undefined;
  readonly action?:
    | { readonly label: string; readonly shortcut?: string; readonly run: () => void }
    | undefined;
}

const most = 4;
const stayMs = { good: 6_000, neutral: 6_000, bad: 14_000 };
let lastId = 0;

export const useToasts = create<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));

/** Tells something in passing. The same text again replaces the earlier one instead of piling up. */
export function toast(message: Omit<Toast, 'id'>): number {
  const id = ++lastId;
  useToasts.setState(({ toasts }) => ({
    toasts: [...toasts.filter(({ text }) => text !== message.text), { ...message, id }].slice(-most),
  }));
  return id;
}

export function dismissToast(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((each) => each.id !== id) }));
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite" aria-relevant="additions">
      {toasts.map((each) => (
        <ToastCard key={each.id} toast={each} />
      ))}
    </section>
  );
}

const toneIcon = { good: 'check', bad: 'alert', neutral: 'info' } as const;

function ToastCard({ toast: { id, tone, text, detail, action } }: { toast: Toast }) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hold = () => clearTimeout(timer.current);
  const go = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => dismissToast(id), stayMs[tone]);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a toast's own timer starts once
  useEffect(() => {
    go();
    return hold;
  }, []);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: reading it, by mouse or keyboard, holds it; nothing is activated
    <div className={`toast ${tone}`} onPointerEnter={hold} onPointerLeave={go} onFocus={hold} onBlur={go}>
      <Icon name={toneIcon[tone]} />
      <div>
        <p>{text}</p>
        {detail && <p className="toast-detail">{detail}</p>}
      </div>
      {action && (
        <Button
          tone="ghost"
          {...(action.shortcut && { tooltip: action.label, shortcut: action.shortcut })}
          onPress={() => {
            dismissToast(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton icon="cross" label="Dismiss" size={14} onPress={() => dismissToast(id)} />
    </div>
  );
}
