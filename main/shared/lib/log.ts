/** Where a part of the owner reports what nobody asked for but somebody may want to read. */
export type Log = (level: 'info' | 'warn' | 'error', message: string) => void;
