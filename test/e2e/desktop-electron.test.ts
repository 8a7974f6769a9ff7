import { realElectron } from '../support/desktop-app.ts';
import { describeDesktop } from '../support/desktop-specs.ts';

// The same in Electron itself, where its runtime is installed and a window can open; skipped by name elsewhere.
describeDesktop(realElectron);
