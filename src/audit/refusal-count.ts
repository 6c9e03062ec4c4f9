import type { RefusalWatch, RefusedRequest } from '../kernel/activity.ts';
import type { AuditEvent } from '../kernel/audit.ts';

/** Kinds told apart in one minute; whatever else comes is counted together. */
const KINDS = 128;
const REMOTES = 16;

interface Tally {
  readonly first: RefusedRequest;
  readonly remotes: Set<string>;
  count: number;
}

/**
 * Refusals between two calls of `take`, counted: a guesser makes numbers grow, not the audit trail. Logins are
 * told apart by plane and code, acts by who tried what.
 */
export class RefusalCount implements RefusalWatch {
  #tallies = new Map<string, Tally>();
  #others = 0;

  refused(request: RefusedRequest): void {
    const kind = kindOf(request);
    let tally = this.#tallies.get(kind);
    if (!tally && this.#tallies.size >= KINDS) {
      this.#others += 1;
      return;
    }
    tally ??= { first: request, remotes: new Set(), count: 0 };
    tally.count += 1;
    if (request.remote !== undefined && tally.remotes.size < REMOTES) tally.remotes.add(request.remote);
    this.#tallies.set(kind, tally);
  }

  /** The events since the last call; none where nothing was refused. */
  take(): readonly AuditEvent[] {
    const events = [...this.#tallies.values()].map(eventOf);
    if (this.#others > 0) events.push(othersEvent(this.#others));
    this.#tallies = new Map();
    this.#others = 0;
    return events;
  }
}

function kindOf({ plane, method, route, code, caller }: RefusedRequest): string {
  return caller === undefined ? `${plane} ${code}` : `${plane} ${code} ${caller} ${method} ${route}`;
}

function eventOf({ first, remotes, count }: Tally): AuditEvent {
  const { plane, method, route, code, caller, requestId, traceId } = first;
  const told = { code, count, remotes: [...remotes] };
  if (caller === undefined) {
    const subject = `plane:${plane}`;
    return { type: 'login.refused', actor: 'unknown', subject, requestId, traceId, details: told };
  }
  return {
    type: 'act.refused',
    actor: plane === 'data' ? `client:${caller}` : caller,
    subject: `${method} ${route}`,
    requestId,
    traceId,
    details: told,
  };
}

function othersEvent(count: number): AuditEvent {
  const details = { count, why: 'more kinds of refusals in this minute than are told apart' };
  return { type: 'login.refused', actor: 'unknown', subject: 'plane:any', requestId: null, details };
}
