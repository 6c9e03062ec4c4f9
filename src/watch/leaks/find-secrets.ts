import type { Clock } from '../../kernel/clock.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { CredentialHolders, KnownSecret, LeakQuery } from '../../kernel/leaks.ts';
import type { LedgerReader } from '../../domain/ledger.ts';
import type { RevocationCheck } from '../../kernel/revocation.ts';

export interface FindingParts {
  readonly holders: CredentialHolders;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly keyRing: Pick<KeyRing, 'keyNamed'>;
  readonly clock: Clock;
}

/** States of a key whose tokens are accepted. */
const ACCEPTED: ReadonlySet<string> = new Set(['active', 'deactivated']);

/** What Keyward knows of strings, by their digests alone. */
export function createSecretFinder(parts: FindingParts) {
  return (sought: readonly LeakQuery[]): Promise<(KnownSecret | undefined)[]> =>
    Promise.all(
      sought.map((each) =>
        each.of === 'token' ? findToken(parts, each.digest, each.iat) : findCredential(parts, each.digest),
      ),
    );
}

function findCredential({ holders }: FindingParts, digest: Buffer): KnownSecret | undefined {
  const holder = holders.holderOf(digest);
  if (!holder) return undefined;
  const { kind, id: holderId, opens: live, scopes } = holder;
  return {
    kind: kind === 'svc' ? 'client_credential' : 'operator_credential',
    digest,
    live,
    holderId,
    scopes,
  };
}

async function findToken(
  { ledger, revocations, keyRing, clock }: FindingParts,
  digest: Buffer,
  iat: number,
): Promise<KnownSecret | undefined> {
  const record = await ledger.find(digest, iat);
  if (!record) return undefined;
  const { scopeId, kid, clientId, jti, exp } = record;
  const state = keyRing.keyNamed(kid)?.state;
  const live =
    exp > clock.nowSeconds() && !revocations.covers(record) && state !== undefined && ACCEPTED.has(state);
  return { kind: 'token', digest, live, scopeId, kid, clientId, jti, exp };
}
