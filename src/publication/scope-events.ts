import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type { KeyRing, KeyState, WatchedKeyRing } from '../kernel/key.ts';
import type {
  EventMessage,
  KeyStanding,
  RevokedTokens,
  ScopeEvent,
  ScopeEvents,
} from '../kernel/publication.ts';
import type { Revocation, WatchedRevocations } from '../kernel/revocation.ts';
import type { Scope } from '../kernel/scope.ts';
import { Emitter } from '../lib/emitter.ts';

interface Logged {
  readonly sequence: number;
  /** Null for every scope. */
  readonly scopeId: string | null;
  readonly event: ScopeEvent;
}

const KEPT = 4_096;
/** What is missed may be told at once; past that, all that holds now is no more. */
const MOST_MISSED = 256;
const ID = /^([A-Za-z0-9_-]{11})\.(\d{1,15})$/;

/** The last events, so that a verifier that was away for a moment hears what it missed. */
class EventLog {
  /** Ids of another process mean nothing here. */
  readonly #life = randomBytes(8).toString('base64url');
  #events: Logged[] = [];
  #last = 0;

  get lastId(): string {
    return `${this.#life}.${this.#last}`;
  }

  append(scopeId: string | null, event: ScopeEvent): EventMessage {
    this.#last += 1;
    this.#events.push({ sequence: this.#last, scopeId, event });
    if (this.#events.length > 2 * KEPT) this.#events = this.#events.slice(-KEPT);
    return { id: this.lastId, event };
  }

  /** Undefined where there is a gap, or too much to tell one by one. */
  missedSince(id: string, scopeId: string): readonly EventMessage[] | undefined {
    const [, life, number] = ID.exec(id) ?? [];
    const seen = Number(number);
    const oldest = this.#events[0]?.sequence ?? this.#last + 1;
    if (life !== this.#life || seen > this.#last || seen < oldest - 1) return undefined;
    const missed = this.#events.filter(
      (logged) => logged.sequence > seen && (logged.scopeId === null || logged.scopeId === scopeId),
    );
    if (missed.length > MOST_MISSED) return undefined;
    return missed.map(({ sequence, event }) => ({ id: `${this.#life}.${sequence}`, event }));
  }
}

/** The client that asked for a token stands in the ledger alone. */
function revokedTokens(rule: Revocation): RevokedTokens {
  const { sequence, jti, root, clientId, issuedFrom, issuedUntil, lapsesAt } = rule;
  return {
    sequence,
    jtiHash: hashed(jti),
    rootHash: hashed(root),
    issuedFrom,
    issuedUntil,
    ask: clientId !== null,
    lapsesAt,
  };
}

function hashed(name: string | null): string | null {
  return name === null ? null : hash('sha256', name, 'base64url');
}

interface SnapshotDeps {
  readonly keyRing: KeyRing;
  readonly revocations: Pick<WatchedRevocations, 'concerning'>;
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'lastId'>;
}

/** So many fit into what may wait on one connection, and into what a verifier may hold. */
const RULES_A_PAGE = 250;
const MOST_RULES = 100_000;

/** All that holds now for the scope, in pages that are made as they are taken; only the last may be resumed from. */
function* openingSnapshot(
  { keyRing, revocations, clock, log }: SnapshotDeps,
  scopeId: string,
): Generator<EventMessage> {
  const scope = keyRing.scope(scopeId);
  if (!scope) return;
  const { keySetVersion: version, policy } = scope;
  let isFirst = true;
  for (const page of pagesOf(inForce(revocations, clock, scopeId))) {
    const id = page.more ? null : log.lastId;
    if (isFirst) {
      const keys = standings(keyRing, scopeId);
      yield { id, event: { type: 'snapshot', version, keys, rootClaim: policy.rootClaim, ...page } };
    } else yield { id, event: { type: 'revocations', ...page } };
    isFirst = false;
  }
}

function standings(keyRing: KeyRing, scopeId: string): readonly KeyStanding[] {
  return keyRing.keysOf(scopeId).map(({ kid, state }) => ({ kid, state }));
}

function* inForce(
  revocations: Pick<WatchedRevocations, 'concerning'>,
  clock: Clock,
  scopeId: string,
): Generator<RevokedTokens> {
  for (const rule of revocations.concerning(scopeId)) {
    if (rule.lapsesAt === null || rule.lapsesAt > clock.nowSeconds()) yield revokedTokens(rule);
  }
}

interface Page {
  readonly revocations: readonly RevokedTokens[];
  readonly more: boolean;
  readonly incomplete: boolean;
}

function* pagesOf(rules: Iterable<RevokedTokens>): Generator<Page> {
  let page: RevokedTokens[] = [];
  let published = 0;
  for (const rule of rules) {
    if (published === MOST_RULES) return yield { revocations: page, more: false, incomplete: true };
    published += 1;
    page.push(rule);
    if (page.length < RULES_A_PAGE) continue;
    yield { revocations: page, more: true, incomplete: false };
    page = [];
  }
  yield { revocations: page, more: false, incomplete: false };
}

interface ScopeEventDeps {
  readonly keyRing: WatchedKeyRing;
  readonly revocations: WatchedRevocations;
  readonly clock: Clock;
}

interface PublishedState {
  readonly version: number;
  readonly states: ReadonlyMap<string, KeyState>;
}

/** States that verifiers hear of by name, since tokens they have accepted are good no longer. */
const WITHDRAWN = ['compromised', 'suspended'] as const satisfies readonly KeyState[];

/** Turns what happens to a scope's keys and tokens into events, in the turn in which it happens. */
export function createScopeEvents({ keyRing, revocations, clock }: ScopeEventDeps): ScopeEvents {
  const log = new EventLog();
  const happened = new Emitter<{ scopeId: string | null; message: EventMessage }>();
  const published = new Map<string, PublishedState>();

  const publish = (scopeId: string | null, event: ScopeEvent) =>
    happened.emit({ scopeId, message: log.append(scopeId, event) });

  const publishChanges = (scope: Scope) => {
    const keys = standings(keyRing, scope.id);
    const before = published.get(scope.id);
    const states = new Map(keys.map(({ kid, state }) => [kid, state]));
    const { keySetVersion: version } = scope;
    published.set(scope.id, { version, states });
    if (!before || (before.version === version && sameStates(before.states, states))) return;
    for (const { kid, state } of keys) {
      const type = WITHDRAWN.find((withdrawn) => withdrawn === state);
      if (type && before.states.get(kid) !== state) publish(scope.id, { type, kid, version });
    }
    publish(scope.id, { type: 'key_set', version, keys });
  };

  for (const scope of keyRing.scopes()) publishChanges(scope);
  keyRing.changes.subscribe((scopeId) => {
    const scope = keyRing.scope(scopeId);
    if (scope) publishChanges(scope);
  });
  revocations.added.subscribe((rule: Revocation) =>
    publish(rule.scopeId, { type: 'revoked', revocation: revokedTokens(rule) }),
  );

  return {
    open(scopeId, lastEventId) {
      const missed = lastEventId === undefined ? undefined : log.missedSince(lastEventId, scopeId);
      const version = keyRing.scope(scopeId)?.keySetVersion ?? 0;
      const resumed = missed && [...missed, { id: log.lastId, event: { type: 'resumed', version } as const }];
      return {
        opening: (resumed ?? openingSnapshot({ keyRing, revocations, clock, log }, scopeId))[
          Symbol.iterator
        ](),
        follow: (follower) =>
          happened.subscribe(({ scopeId: concerned, message }) => {
            if (concerned === null || concerned === scopeId) follower(message);
          }),
      };
    },
  };
}

function sameStates(a: ReadonlyMap<string, KeyState>, b: ReadonlyMap<string, KeyState>): boolean {
  return a.size === b.size && [...b].every(([kid, state]) => a.get(kid) === state);
}
