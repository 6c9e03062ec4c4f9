import type { CredentialHolders } from '../access/partners.ts';
import type { Actor, ClientAdministration, OperatorAdministration } from '../kernel/actor.ts';
import { type AuditTrail, actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FoundPin, KnownSecret, LeakPlace, LeakQuery, LeakService } from '../kernel/credential.ts';
import type { LedgerReader } from '../kernel/issuance.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { RevocationCheck, Revoker } from '../kernel/revocation.ts';
import { type SecurityEvents, securityEvent } from '../kernel/security-events.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';

interface FindingDeps {
  readonly holders: CredentialHolders;
  readonly ledger: LedgerReader;
  readonly revocations: RevocationCheck;
  readonly keyRing: Pick<KeyRing, 'keyNamed'>;
  readonly clock: Clock;
}

/** States of a key whose tokens are accepted. */
const ACCEPTED: ReadonlySet<string> = new Set(['active', 'deactivated']);

/** What Keyward knows of strings, by their digests alone. */
function createSecretFinder(deps: FindingDeps) {
  return (query: readonly LeakQuery[]): Promise<(KnownSecret | undefined)[]> =>
    Promise.all(
      query.map((each) =>
        each.of === 'token' ? findToken(deps, each.digest, each.iat) : findCredential(deps, each.digest),
      ),
    );
}

function findCredential({ holders }: FindingDeps, digest: Buffer): KnownSecret | undefined {
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
  { ledger, revocations, keyRing, clock }: FindingDeps,
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

export interface LeakServiceDeps extends FindingDeps {
  readonly clients: Pick<ClientAdministration, 'revoke'>;
  readonly operators: Pick<OperatorAdministration, 'revoke'>;
  readonly revoker: Revoker;
  readonly events: SecurityEvents;
  readonly audit: AuditTrail;
}

/** In an event; a client may hold grants for any number. */
const SCOPES_NAMED = 100;
/** Of PINs that nothing tells apart: where they lie, all in one event. */
const LONGEST_PLACES = 1_000;
/** Of one partner: anybody can publish texts that have the form of a PIN. */
const PARTNER_PINS_A_MINUTE = 10;

/** What is done about strings that leaked. A credential is all that its holder has, so the holder is revoked. */
export function createLeakService(deps: LeakServiceDeps): LeakService {
  const report = async (known: KnownSecret, place: LeakPlace, withdrawn: boolean) =>
    void (await deps.events.raise(securityEvent('credential.leaked', evidenceOf(known, place, withdrawn))));
  const find = createSecretFinder(deps);
  const pinBudget = new MinuteBudget(PARTNER_PINS_A_MINUTE, deps.clock);
  return {
    find,
    async lookUp(query, _by, actor) {
      if (query.length === 0) return [];
      const answers = await find(query);
      const credentials = query.filter((each) => each.of === 'credential').length;
      const details = {
        credentials,
        tokens: query.length - credentials,
        known: answers.filter((each) => each !== undefined).length,
      };
      await deps.audit.record(actOf(actor, 'leaks.looked_up', 'leaks', details));
      return answers;
    },
    report: (known, place) => report(known, place, false),
    reportPins: (pins, actor) => reportPins(deps, pinBudget, pins, actor),
    async withdraw(known, place, actor) {
      if (known.live) await revoke(deps, known, actor);
      await report(known, place, true);
    },
  };
}

async function reportPins(
  { audit, events, clock }: LeakServiceDeps,
  budget: MinuteBudget,
  pins: readonly FoundPin[],
  actor: Actor,
) {
  const { operatorId } = actor;
  const reporter = reporterOf(operatorId);
  const details = { pins: pins.length };
  await audit.record(actOf(actor, 'pin.reported', 'leaks', details));
  const [made, others] = [
    pins.filter(({ digest }) => digest !== null),
    pins.filter(({ digest }) => digest === null),
  ];
  const [first] = others;
  const places = [...new Set(others.map(({ place }) => place))];
  const together = first && { ...first, place: places.join(', ').slice(0, LONGEST_PLACES) };
  for (const pin of [...made, ...(together ? [together] : [])]) {
    const now = clock.nowSeconds();
    const raise = (found: FoundPin, since: number) =>
      events.raise(securityEvent('credential.leaked', evidenceOfPin(found, operatorId, since)));
    if (reporter === 'partner' && !budget.take(operatorId)) {
      await raise({ ...pin, digest: null }, now - (now % 60));
      return;
    }
    await raise(pin, now);
  }
}

/** Without a digest nothing tells two PINs apart: `since` does. */
function evidenceOfPin({ digest, place, source }: FoundPin, operatorId: string, since: number) {
  return {
    leaked: 'pin',
    holder: null,
    scope: null,
    scopes: [],
    kid: null,
    leaked_digest: digest?.toString('base64url') ?? null,
    since: digest ? null : since,
    leaked_at: place,
    source,
    reported_by: operatorId,
    reporter: reporterOf(operatorId),
    withdrawn: false,
  };
}

async function revoke({ clients, operators, revoker }: LeakServiceDeps, known: KnownSecret, actor: Actor) {
  if (known.kind === 'token') await revoker.revokeToken(known, actor);
  else if (known.kind === 'client_credential') await clients.revoke(known.holderId, actor);
  else await operators.revoke(known.holderId, actor);
}

/** No id of an operator has a colon. */
function reporterOf(reportedBy: string): string {
  if (reportedBy.startsWith('partner:')) return 'partner';
  return reportedBy.startsWith('report:') ? 'person' : 'operator';
}

function evidenceOf(known: KnownSecret, { place, source, reportedBy }: LeakPlace, withdrawn: boolean) {
  const common = {
    leaked: known.kind,
    leaked_digest: known.digest.toString('base64url'),
    since: null,
    leaked_at: place,
    source,
    reported_by: reportedBy,
    reporter: reporterOf(reportedBy),
    withdrawn,
  };
  if (known.kind === 'token') {
    const { scopeId: scope, kid, clientId } = known;
    return { ...common, holder: `client:${clientId}`, scope, scopes: [scope], kid };
  }
  const holder = `${known.kind === 'client_credential' ? 'client' : 'operator'}:${known.holderId}`;
  const [scope = null, ...others] = known.scopes;
  const scopes = known.scopes.slice(0, SCOPES_NAMED);
  return { ...common, holder, scope: others.length === 0 ? scope : null, scopes, kid: null };
}
