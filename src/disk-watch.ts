import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';

const EVERY_MS = 60_000;
const WARNING = 0.75;
const ALARM = 0.9;

type Level = 'ok' | 'warning' | 'alarm';

const SAY = {
  ok: (log, details) => log.info(details, 'disk has room again'),
  warning: (log, details) => log.warn(details, 'disk is three quarters full'),
  alarm: (log, details) => log.error(details, 'disk is nine tenths full: without room no token is issued'),
} as const satisfies Record<Level, (log: Logger, details: object) => void>;

export interface DiskWatch {
  /** The share in use as last seen, by name. */
  used(): Readonly<Record<string, number>>;
  /** Looks now. */
  look(): Promise<void>;
  stop(): void;
}

/** Watches the file systems under some paths, and tells when one becomes full, and when it no longer is. */
export function watchDisks(
  paths: Readonly<Record<string, string>>,
  log: Logger,
  measure: (path: string) => Promise<number> = shareInUse,
): DiskWatch {
  const used: Record<string, number> = {};
  const levels = new Map<string, Level>();

  const look = async (): Promise<void> => {
    for (const [name, path] of Object.entries(paths)) {
      const share = await measure(path);
      used[name] = share;
      const level = levelOf(share);
      if (level !== (levels.get(name) ?? 'ok')) SAY[level](log, { holds: name, used: share });
      levels.set(name, level);
    }
  };

  const timer = setInterval(() => {
    look().catch((error: unknown) => log.error({ err: error }, 'disk cannot be measured'));
  }, EVERY_MS);
  timer.unref();
  return { used: () => ({ ...used }), look, stop: () => clearInterval(timer) };
}

function levelOf(share: number): Level {
  if (share >= ALARM) return 'alarm';
  return share >= WARNING ? 'warning' : 'ok';
}

/** Of what the service may use: blocks kept for root count as full. A folder still to be made lies in its parent. */
export async function shareInUse(path: string): Promise<number> {
  try {
    const { blocks, bfree, bavail } = await statfs(path);
    const inUse = blocks - bfree;
    return inUse / (inUse + bavail);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return shareInUse(parent);
  }
}
