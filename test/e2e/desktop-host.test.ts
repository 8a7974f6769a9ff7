import { testHost } from '../support/desktop-app.ts';
import { describeDesktop } from '../support/desktop-specs.ts';

// The built main process, preload and interface together; only Electron itself is a stand-in.
describeDesktop(testHost);
