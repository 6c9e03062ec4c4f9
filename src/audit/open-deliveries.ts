import type { Logger } from 'pino';
import type { AuditLog, DeliveryPosition, RememberedPosition } from '../kernel/audit.ts';
import type { StoredCheckpoint } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PublicJwk } from '../kernel/key.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import { Delivery } from './delivery.ts';
import { readSinkCheckpoints } from './sink-checkpoints.ts';
import type { Sinks } from './sinks.ts';
import { checkBy, reachOfTail } from './trail-check.ts';

interface DeliveriesDeps {
  readonly sinks: Sinks;
  readonly audit: Pick<AuditLog, 'positions' | 'auditHead' | 'hashAt' | 'checkpointsAfter' | 'eventsAfter'>;
  readonly raiser: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What each sink goes on from: by its own end, or by what the database remembers. What this host's sink had confirmed and
 * now lacks is told.
 */
export async function openDeliveries(
  deps: DeliveriesDeps,
  latest: StoredCheckpoint | undefined,
  auditKey: PublicJwk,
): Promise<readonly Delivery[]> {
  const { sinks, audit } = deps;
  const sinkCheckpoints = await readSinkCheckpoints(deps);
  const positions = await audit.positions();
  const { sequence: lastEvent } = await audit.auditHead();
  const deliveries: Delivery[] = [];
  for (const sink of sinks.all) {
    const tail = sinkCheckpoints.find(({ name }) => name === sink.name)?.tail;
    const told = placeOf(positions.get(sink.name), sink.history() !== undefined);
    const position = possible(told, latest, lastEvent);
    const reached = tail ? await reachOfTail(checkBy(audit), tail) : remembered(position, latest, lastEvent);
    if (position && tail) raiseLost(sink.name, position.sequence - reached.sequence, deps);
    deliveries.push(new Delivery(sink, audit, reached, auditKey));
  }
  return deliveries;
}

/** A file is another one on each host. What cannot be read back has what any host told it. */
function placeOf(
  remembered: RememberedPosition | undefined,
  isReadable: boolean,
): DeliveryPosition | undefined {
  return isReadable ? remembered?.own : (remembered?.own ?? remembered?.furthest);
}

/** A sink whose file lost, while nobody looked, what it had confirmed before. */
function raiseLost(sink: string, lost: number, { raiser, clock, log }: DeliveriesDeps): void {
  if (lost <= 0) return;
  const why = 'when the service started, the sink lacked what it had confirmed';
  const since = clock.nowSeconds();
  log.error({ sink, change: 'lost', why, lost }, 'audit sink was changed by somebody else');
  raiser.raise(securityEvent('audit.sink_changed', { sink, change: 'lost', since, why, lost }));
}

/** A place that no sink can have reached was written by somebody else. */
function possible(
  position: DeliveryPosition | undefined,
  latest: StoredCheckpoint | undefined,
  lastEvent: number,
): DeliveryPosition | undefined {
  if (!position || !latest) return undefined;
  return position.sequence > lastEvent || position.checkpointNumber > latest.number ? undefined : position;
}

/**
 * Nobody vouches for what is remembered: all since the last checkpoint is told again, and that one too; without
 * anything to go by, everything is.
 */
export function remembered(
  told: DeliveryPosition | undefined,
  latest: StoredCheckpoint | undefined,
  lastEvent: number,
): DeliveryPosition {
  const position = possible(told, latest, lastEvent);
  if (!position || !latest) return { sequence: 0, checkpointNumber: 0 };
  return {
    sequence: Math.min(position.sequence, latest.auditSequence),
    checkpointNumber: Math.min(position.checkpointNumber, latest.number - 1),
  };
}
