/**
 * What runs in the page before its own scripts: the built preload, with a `require` that knows `electron` alone (as a sandboxed
 * preload's does) and of it what a frame pipe may use. Values cross the bridge cloned, functions as proxies, as Electron's
 * contextBridge hands them over. Serialised into the page: it must not use anything from outside itself.
 */
export function runPreload(source: string): void {
  // Electron runs a preload in the main frame alone.
  if (window !== window.top) return;
  type Send = (message: string, args: unknown[]) => Promise<void>;
  const outside = window as unknown as {
    __ballastHostSend: Send;
    __ballastHostOpen: (url: string) => Promise<void>;
    __ballastHostReceive: (message: string, args: unknown[]) => void;
  };
  const listeners = new Map<string, Set<(event: unknown, ...args: unknown[]) => void>>();

  const bridge = (value: unknown): unknown => {
    if (typeof value === 'function') {
      return (...args: unknown[]) => bridge((value as (...args: unknown[]) => unknown)(...args.map(bridge)));
    }
    if (Array.isArray(value)) return value.map(bridge);
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      return Object.freeze(
        Object.fromEntries(Object.entries(value).map(([key, each]) => [key, bridge(each)])),
      );
    }
    return structuredClone(value);
  };

  const send = outside.__ballastHostSend;
  const ipcRenderer = {
    send: (message: string, ...args: unknown[]) => void send(message, structuredClone(args)),
    on(message: string, listener: (event: unknown, ...args: unknown[]) => void) {
      const set = listeners.get(message) ?? new Set();
      listeners.set(message, set.add(listener));
    },
    off: (message: string, listener: (event: unknown, ...args: unknown[]) => void) =>
      listeners.get(message)?.delete(listener),
  };
  const contextBridge = {
    exposeInMainWorld: (name: string, api: unknown) =>
      Object.defineProperty(window, name, { value: bridge(api), enumerable: true }),
  };
  outside.__ballastHostReceive = (message, args) => {
    for (const listener of [...(listeners.get(message) ?? [])]) listener({}, ...args);
  };
  const open = outside.__ballastHostOpen;
  window.open = (url) => {
    void open(String(url ?? 'about:blank'));
    return null;
  };

  const require = (name: string): unknown => {
    if (name === 'electron') return { contextBridge, ipcRenderer };
    throw new Error(`module not found: ${name} (a sandboxed preload has electron alone)`);
  };
  const module = { exports: {} };
  new Function('require', 'module', 'exports', source)(require, module, module.exports);
}
