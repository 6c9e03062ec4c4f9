import type { Activity, Fact, Happening, RefusalWatch, RequestObserver } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import type { TokenIssuer } from '../kernel/issuance.ts';

/**
 * Told apart of each kind between two calls of `take`; what is beyond is lost to the detections, and counted. Whoever
 * floods the service with refusals so leaves room for what else happens.
 */
const MOST_OF_A_KIND = 4_096;

/**
 * What happened between two calls of `take`, alike with alike: at any rate of requests it is a small number of
 * facts with counts, and telling one costs a look into a map.
 */
export class ActivityAggregator implements Activity {
  #facts = new Map<string, Fact & { count: number }>();
  #room = new Map<Fact['kind'], number>();
  #dropped = 0;

  record(happening: Happening): void {
    const name = nameOf(happening);
    const known = this.#facts.get(name);
    if (known) known.count += 1;
    else if (this.#takesRoom(happening.kind)) this.#facts.set(name, { ...happening, count: 1 });
    else this.#dropped += 1;
  }

  /** The facts since the last call, in the order in which each was first told. */
  take(): readonly Fact[] {
    const facts = [...this.#facts.values()];
    this.#facts = new Map();
    this.#room = new Map();
    return facts;
  }

  /** Happenings that found no room, in all. */
  get dropped(): number {
    return this.#dropped;
  }

  #takesRoom(kind: Fact['kind']): boolean {
    const room = this.#room.get(kind) ?? MOST_OF_A_KIND;
    if (room === 0) return false;
    this.#room.set(kind, room - 1);
    return true;
  }
}

function nameOf(of: Happening): string {
  switch (of.kind) {
    case 'issued':
      return `issued ${of.client} ${of.scope}`;
    case 'verified':
      return `verified ${of.client} ${of.scope} ${of.reason} ${of.suspiciousHeader} ${of.token?.digest}`;
    case 'refused':
      return `refused ${of.plane} ${of.code} ${of.caller} ${of.remote}`;
    case 'authenticated':
      return `authenticated ${of.caller} ${of.remote}`;
    case 'changed':
      return `changed ${of.caller} ${of.revoked}`;
  }
}

/** Tells of each token that is released. */
export function recordIssuance(issuer: TokenIssuer, facts: Activity): TokenIssuer {
  return {
    async issue(request) {
      const issued = await issuer.issue(request);
      facts.record({ kind: 'issued', at: issued.iat, client: request.clientId, scope: request.scopeId });
      return issued;
    },
  };
}

/** Tells of who asks, let in or turned away; of the latter beside whoever else is told. */
export function recordCallers(refusals: RefusalWatch, facts: Activity, clock: Clock): RequestObserver {
  return {
    authenticated(caller, remote) {
      facts.record({ kind: 'authenticated', at: clock.nowSeconds(), caller, remote: remote ?? null });
    },
    // What a secret opens nothing with is nothing to learn from: the refusal is told beside it.
    rejectedSecret: () => {},
    refused(request) {
      refusals.refused(request);
      const { plane, code, caller, remote } = request;
      const kind = plane === 'data' ? 'client' : 'operator';
      facts.record({
        kind: 'refused',
        at: clock.nowSeconds(),
        plane,
        code,
        caller: caller === undefined ? null : `${kind}:${caller}`,
        remote: remote ?? null,
      });
    },
  };
}
