import type { AuditLog, DeliveryPosition } from '../kernel/audit.ts';
import type { ChainHead } from '../kernel/audit-chain.ts';
import { encodeBase64url } from '../token/base64url.ts';
import type { SinkTail, TrailCheck } from './sink-line.ts';

export type CheckedLog = Pick<AuditLog, 'hashAt' | 'checkpointsAfter'>;

/** Whether the database has that event, by its number and hash. */
export async function hasEvent(
  log: Pick<AuditLog, 'hashAt'>,
  { sequence, hash }: ChainHead,
): Promise<boolean> {
  const known = await log.hashAt('audit', sequence);
  return known !== undefined && Buffer.compare(known, hash) === 0;
}

async function hasCheckpoint(
  log: CheckedLog,
  { number, jws }: NonNullable<SinkTail['checkpoint']>,
): Promise<boolean> {
  const [known] = await log.checkpointsAfter(number - 1, 1);
  return known?.number === number && known.jws === jws;
}

/** How far the tail reaches by what the trail has as well. */
export async function reachOfTail(
  trail: TrailCheck,
  { event, checkpoint }: SinkTail,
): Promise<DeliveryPosition> {
  return {
    sequence: event && (await trail.hasEvent(event)) ? event.sequence : 0,
    checkpointNumber: checkpoint && (await trail.hasCheckpoint(checkpoint)) ? checkpoint.number : 0,
  };
}

/** So many that the database does not have end the search: a sink is to be examined within its deadline. */
const MOST_DOUBTED = 100;

/** By the database, once it is open. */
export function checkBy(log: CheckedLog | undefined): TrailCheck {
  const doubted = new Set<string>();
  const check = async (name: string, ask: (of: CheckedLog) => Promise<boolean>): Promise<boolean> => {
    if (!log || doubted.has(name) || doubted.size >= MOST_DOUBTED) return false;
    const isKnown = await ask(log);
    if (!isKnown) doubted.add(name);
    return isKnown;
  };
  return {
    hasEvent: (event) =>
      check(`${event.sequence} ${encodeBase64url(event.hash)}`, (of) => hasEvent(of, event)),
    hasCheckpoint: (checkpoint) => check(checkpoint.jws, (of) => hasCheckpoint(of, checkpoint)),
  };
}
