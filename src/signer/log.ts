import type { LogLine } from './protocol.ts';

/** Writes one line through the front's logger. `details` holds no secret. */
export type Log = (level: LogLine['log'], message: string, details: LogLine['details']) => void;
