import { ipcChannel } from '../../../renderer/src/connection/ipc-channel.ts';
import { describeConformance } from '../../support/contract-conformance.ts';
import { createIpcPair } from '../../support/ipc-pair.ts';
import { until } from '../../support/until.ts';

// The interface's own channel on one side, the shell's own pipe on the other, and Electron's manner of passing messages between.
describeConformance('Electron IPC', async () => {
  const { preload, channels, pipe } = createIpcPair();
  const { channel: caller } = ipcChannel(preload);
  const answerer = await until('the shell has a channel', () => channels[0]);
  return { caller, answerer, dispose: () => pipe.dispose() };
});
