import type { Clock } from '../kernel/clock.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { WatchedRevocations } from '../kernel/revocation.ts';
import type { EventMessage, KeyStanding, RevokedTokens } from '../kernel/publication.ts';
import type { EventLog } from './event-log.ts';
import { revokedTokens } from './revoked-tokens.ts';

export interface SnapshotParts {
  readonly keyRing: KeyRing;
  readonly revocations: Pick<WatchedRevocations, 'concerning'>;
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'lastId'>;
}

/** So many fit into what may wait on one connection, and into what a verifier may hold. */
const RULES_A_PAGE = 250;
const MOST_RULES = 100_000;

/** All that holds now for the scope, in pages that are made as they are taken; only the last may be resumed from. */
export function* openingSnapshot(
  { keyRing, revocations, clock, log }: SnapshotParts,
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

export function standings(keyRing: KeyRing, scopeId: string): readonly KeyStanding[] {
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
  let told = 0;
  for (const rule of rules) {
    if (told === MOST_RULES) return yield { revocations: page, more: false, incomplete: true };
    told += 1;
    page.push(rule);
    if (page.length < RULES_A_PAGE) continue;
    yield { revocations: page, more: true, incomplete: false };
    page = [];
  }
  yield { revocations: page, more: false, incomplete: false };
}
