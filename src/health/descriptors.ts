import { openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Outages } from '../events/outages.ts';

const ALARM_SHARE = 0.9;
/** Below it the shortage is over. */
const RELIEF_SHARE = 0.8;
const LIMITS_BYTES = 4_096;
const NONE_LEFT: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

/** How many file descriptors this process has open, and how many it may have. */
export interface Descriptors {
  readonly open: number;
  readonly limit: number;
}

interface DescriptorWatchDeps {
  readonly outages: Pick<Outages, 'happened' | 'passed'>;
  readonly log: Logger;
  /** Throws EMFILE or ENFILE where not one more can be opened. */
  readonly measure?: () => Descriptors;
}

/**
 * Tells when file descriptors run short: Node closes connections that it has none for without a word. Answers how to look.
 */
export function createDescriptorWatch({
  outages,
  log,
  measure = ownDescriptors(),
}: DescriptorWatchDeps): () => Promise<void> {
  let isShort = false;
  return async () => {
    const { share, why } = shortage(measure);
    if (!isShort && share >= ALARM_SHARE) {
      isShort = true;
      log.error({ share, why }, 'file descriptors run short');
      outages.happened('file_descriptors', why);
    } else if (isShort && share < RELIEF_SHARE) {
      isShort = false;
      log.info({ share }, 'there are file descriptors again');
      outages.passed('file_descriptors');
    }
  };
}

function shortage(measure: () => Descriptors): { readonly share: number; readonly why: string } {
  try {
    const { open, limit } = measure();
    return { share: open / limit, why: `nine tenths of the ${limit} file descriptors are in use` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!NONE_LEFT.has(code)) throw error;
    const whose = code === 'EMFILE' ? 'the process' : 'the machine';
    return { share: 1, why: `${code}: ${whose} has no file descriptor left` };
  }
}

/** Of Linux. The limits stay open, so that they can be read when nothing can be opened. */
export function ownDescriptors(): () => Descriptors {
  const limits = openSync('/proc/self/limits', 'r');
  const buffer = Buffer.alloc(LIMITS_BYTES);
  return () => {
    const text = buffer.toString('latin1', 0, readSync(limits, buffer, 0, LIMITS_BYTES, 0));
    const soft = /^Max open files +(\d+)/m.exec(text)?.[1];
    return { open: countOpen(), limit: soft === undefined ? Infinity : Number(soft) };
  };
}

/** The size of the folder is their number, and needs none, from Linux 6.2 on. */
function countOpen(): number {
  return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
}
