import { createLogger } from '../../src/server/logger.ts';

/** Log lines as parsed JSON, in order. */
export function recordedLog(level: 'debug' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level, destination: { write: (line) => lines.push(JSON.parse(line)) } });
  return { log, lines };
}
