import type { Clock } from '../kernel/clock.ts';
import type { KeyState } from '../kernel/key.ts';
import type { WatchedKeyRing } from '../domain/key-ring.ts';
import type { Revocation, WatchedRevocations } from '../kernel/revocation.ts';
import type { Scope } from '../kernel/scope.ts';
import type { EventMessage, ScopeEvent, ScopeEvents } from '../kernel/publication.ts';
import { Emitter } from '../lib/emitter.ts';
import { EventLog } from './event-log.ts';
import { revokedTokens } from './revoked-tokens.ts';
import { openingSnapshot, standings } from './snapshot.ts';

export interface ScopeEventParts {
  readonly keyRing: WatchedKeyRing;
  readonly revocations: WatchedRevocations;
  readonly clock: Clock;
}

interface Told {
  readonly version: number;
  readonly states: ReadonlyMap<string, KeyState>;
}

/** States that verifiers hear of by name, since tokens they have accepted are good no longer. */
const WITHDRAWN = ['compromised', 'suspended'] as const satisfies readonly KeyState[];

/** Turns what happens to a scope's keys and tokens into events, in the turn in which it happens. */
export function createScopeEvents({ keyRing, revocations, clock }: ScopeEventParts): ScopeEvents {
  const log = new EventLog();
  const happened = new Emitter<{ scopeId: string | null; message: EventMessage }>();
  const told = new Map<string, Told>();

  const tell = (scopeId: string | null, event: ScopeEvent) =>
    happened.emit({ scopeId, message: log.append(scopeId, event) });

  const lookAt = (scope: Scope) => {
    const keys = standings(keyRing, scope.id);
    const before = told.get(scope.id);
    const states = new Map(keys.map(({ kid, state }) => [kid, state]));
    const { keySetVersion: version } = scope;
    told.set(scope.id, { version, states });
    if (!before || (before.version === version && sameStates(before.states, states))) return;
    for (const { kid, state } of keys) {
      const type = WITHDRAWN.find((withdrawn) => withdrawn === state);
      if (type && before.states.get(kid) !== state) tell(scope.id, { type, kid, version });
    }
    tell(scope.id, { type: 'key_set', version, keys });
  };

  for (const scope of keyRing.scopes()) lookAt(scope);
  keyRing.changes.subscribe((scopeId) => {
    const scope = keyRing.scope(scopeId);
    if (scope) lookAt(scope);
  });
  revocations.added.subscribe((rule: Revocation) =>
    tell(rule.scopeId, { type: 'revoked', revocation: revokedTokens(rule) }),
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
