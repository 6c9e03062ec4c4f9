import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Gate } from '../../../src/access/gate.ts';
import { VolatileProposals } from '../../../src/access/store/proposals.ts';
import type { UnwitnessedTrail } from '../../../src/audit/trail.ts';
import type { CanaryAdministration } from '../../../src/canaries/canary.ts';
import { CONFIGURATION_ROUTES } from '../../../src/configuration/index.ts';
import type { DrillLog } from '../../../src/drills/drill.ts';
import { DRILL_ROUTES } from '../../../src/drills/index.ts';
import type {
  Authenticator,
  Client,
  ClientAdministration,
  Grants,
  Operator,
  OperatorAdministration,
} from '../../../src/kernel/actor.ts';
import type { CheckpointSource, StoredCheckpoint } from '../../../src/kernel/audit-chain.ts';
import type { Readiness } from '../../../src/kernel/capability.ts';
import type { ClockConfirmation } from '../../../src/kernel/clock.ts';
import type { LeakService } from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { IssuedToken, TokenIssuer } from '../../../src/kernel/issuance.ts';
import {
  type KeyRing,
  type KnownKeys,
  NO_TIMES,
  type PublicJwk,
  type SigningKey,
} from '../../../src/kernel/key.ts';
import type { Inventories } from '../../../src/kernel/key-proof.ts';
import { DEFAULT_POLICY } from '../../../src/kernel/policy.ts';
import type { Publication, PublishedDocument } from '../../../src/kernel/publication.ts';
import type { ScopeAdministration } from '../../../src/kernel/registry.ts';
import type { RevocationAdministration, TokenRevocation } from '../../../src/kernel/revocation.ts';
import type { RotationPauses, Scope } from '../../../src/kernel/scope.ts';
import type { PolicyPreview } from '../../../src/kernel/scope-change.ts';
import type { EventService, SecurityEventFeed } from '../../../src/kernel/security-events.ts';
import type { PinLatches } from '../../../src/kernel/signer.ts';
import type { Sightings, TokenVerifier } from '../../../src/kernel/verification.ts';
import type {
  CompromiseReports,
  KeyAdministration,
  KeyOutcome,
} from '../../../src/keys/key-administration.ts';
import { PartnerReports } from '../../../src/leaks/partners.ts';
import type { LedgerParts } from '../../../src/ledger/routes/search.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import type { ProbeAdministration } from '../../../src/probes/probe.ts';
import { createScopeEvents } from '../../../src/publication/scope-events.ts';
import { createVerifierDirectory } from '../../../src/publication/verifier-directory.ts';
import { REPORT_ROUTES } from '../../../src/reports/index.ts';
import type { ReportIntake } from '../../../src/reports/intake.ts';
import { type AdministeredReports, eraseReport } from '../../../src/reports/routes/admin.ts';
import type { ReportLimits } from '../../../src/reports/routes/public.ts';
import { REVIEW_ROUTES } from '../../../src/reviews/index.ts';
import type { Reviews } from '../../../src/reviews/review.ts';
import { EventStreams } from '../../../src/server/event-streams.ts';
import { createLogger } from '../../../src/server/logger.ts';
import { supplied } from '../../../src/server/route.ts';
import { administrativeActs, type DataPlaneDeps, type OperationsPlaneDeps } from '../../support/planes.ts';

export const NOW = 1_800_000_000;

export const PAYMENTS: Scope = {
  id: 'payments',
  issuer: 'https://id.example',
  audience: 'payments-api',
  algorithm: 'ES256',
  modulusBits: null,
  policy: DEFAULT_POLICY,
  contacts: [],
  hsmToken: 'primary',
  createdAt: NOW,
  rotationPause: null,
  staleCacheHorizon: null,
  keySetVersion: 1,
};

const PUBLIC_KEY = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const PUBLIC_JWK = PUBLIC_KEY.export({ format: 'jwk' }) as PublicJwk;

export const ACTIVE_KEY: SigningKey = {
  kid: 'kid-1',
  scopeId: 'payments',
  hsmToken: 'primary',
  state: 'active',
  binding: {
    kid: 'kid-1',
    scope: 'payments',
    issuer: PAYMENTS.issuer,
    audience: PAYMENTS.audience,
    algorithm: 'ES256',
    hsmId: '00'.repeat(16),
    signFrom: NOW,
    signUntil: NOW + 1000,
    maxTtlSeconds: 3600,
  },
  bindingRecord: 'e30.e30.c2ln',
  publicJwk: PUBLIC_JWK,
  publicKey: PUBLIC_KEY,
  publishedAt: NOW,
  signFrom: NOW,
  signUntil: NOW + 1000,
  createdAt: NOW,
  times: NO_TIMES,
  keptForForensics: false,
};

export const ACTIVE_KEY_ANSWER = {
  kid: 'kid-1',
  scope: 'payments',
  state: 'active',
  algorithm: 'ES256',
  hsm_token: 'primary',
  hsm_id: '00'.repeat(16),
  public_jwk: PUBLIC_JWK,
  max_ttl_seconds: 3600,
  created_at: NOW,
  published_at: NOW,
  sign_from: NOW,
  sign_until: NOW + 1000,
  activated_at: null,
  deactivated_at: null,
  suspended_at: null,
  resumed_at: null,
  compromised_at: null,
  token_compromised_at: null,
  private_half_destroyed_at: null,
  destroyed_at: null,
  kept_for_forensics: false,
  verify_until: NOW + 1000 + 3600 + 30,
  proof: { status: 'proven', reasons: [] },
};

export const PAYMENTS_ANSWER = {
  id: 'payments',
  issuer: 'https://id.example',
  audience: 'payments-api',
  algorithm: 'ES256',
  modulus_bits: null,
  hsm_token: 'primary',
  policy: {
    max_ttl_seconds: 3600,
    default_ttl_seconds: 300,
    cryptoperiod_seconds: 1_209_600,
    jwks_max_age_seconds: 300,
    max_stale_seconds: 3600,
    clock_skew_seconds: 30,
    token_types: ['at+jwt', 'JWT'],
    require_subject: true,
    record_subject: 'plain',
    root_claim: null,
    suspend_on_forgery: false,
    external_claims: false,
  },
  contacts: [],
  created_at: NOW,
  rotation_pause: null,
  jwks_uri: '/scopes/payments/jwks.json',
};

const client = (id: string): Client => ({ id, description: '', createdAt: NOW, revokedAt: null, grants: [] });
const operator = (id: string, roles: Operator['roles']): Operator => ({
  id,
  roles,
  createdAt: NOW,
  revokedAt: null,
});

const CLIENTS = new Map([
  ['Bearer signs', client('identity')],
  ['Bearer also signs', client('other-identity')],
  ['Bearer verifies', client('relying')],
]);
const OPERATORS = new Map([
  ['Bearer operates', operator('ada', ['operator'])],
  ['Bearer audits', operator('eve', ['auditor'])],
  ['Bearer idles', operator('bob', [])],
  ['Bearer approves', operator('carol', ['approver'])],
  ['Bearer does both', operator('dave', ['operator', 'approver'])],
]);
const GRANTS = new Set(['identity payments sign', 'other-identity payments sign', 'relying payments verify']);

function found<T>(callers: ReadonlyMap<string, T>, authorization: string | undefined): T {
  if (authorization === undefined) throw new KeywardError('credential_missing', 'send a credential');
  if (!authorization.startsWith('Bearer ')) {
    throw new KeywardError('credential_malformed', 'this is no credential of Keyward');
  }
  const caller = callers.get(authorization);
  if (!caller) throw new KeywardError('credential_invalid', 'nobody holds this credential');
  return caller;
}

export const authenticator: Authenticator = {
  client: (authorization) => found(CLIENTS, authorization),
  clientSecret: ({ clientId, secret }) => {
    const client = found(CLIENTS, `Bearer ${secret}`);
    if (client.id !== clientId) throw new KeywardError('credential_invalid', 'another holds this credential');
    return client;
  },
  operator: (authorization) => found(OPERATORS, authorization),
};

export const grants: Grants = {
  allows: (clientId, scopeId, action) => GRANTS.has(`${clientId} ${scopeId} ${action}`),
};

export const keyRing: KeyRing = {
  revision: 1,
  scope: (id) => (id === 'payments' ? PAYMENTS : undefined),
  scopes: () => [PAYMENTS],
  activeKey: (id) => (id === 'payments' ? ACTIVE_KEY : undefined),
  keysOf: (id) => (id === 'payments' ? [ACTIVE_KEY] : []),
  keyNamed: (kid) => (kid === 'kid-1' ? ACTIVE_KEY : undefined),
};

export const knownKeys: KnownKeys = {
  knownKeysOf: (id) =>
    id === 'payments' ? [{ key: ACTIVE_KEY, proof: { status: 'proven', reasons: [] } }] : [],
  knownKey: (kid) =>
    kid === 'kid-1' ? { key: ACTIVE_KEY, proof: { status: 'proven', reasons: [] } } : undefined,
  refusedKeys: () => [],
};

const outcome: KeyOutcome = { key: ACTIVE_KEY, promoted: undefined, already: false };
export const keys: KeyAdministration = {
  rotate: async () => ({ activated: ACTIVE_KEY, deactivated: undefined }),
  preview: () => ({ changes: [], stopped: ACTIVE_KEY, started: undefined }),
  perform: async () => outcome,
  compromiseToken: async () => ({ changes: [], compromised: [], started: [], waiting: [] }),
};

export const compromises: CompromiseReports = {
  report: async () => ({ key: ACTIVE_KEY, use: null, neighbours: [], keySetVersion: 1, verifiers: [] }),
};

export const policyPreview: PolicyPreview = { refusals: async () => [] };

export const ISSUED = { token: 'a.b.c', kid: 'kid-1', jti: 'jti-1', iat: NOW, exp: NOW + 300 };
/** As the issuer releases it. */
export const RELEASED: IssuedToken = { ...ISSUED, canRelease: () => true };
export const issuer: TokenIssuer = { issue: async () => RELEASED };

export const verifier: TokenVerifier = {
  verify: async (_scopeId, token) =>
    token === 'good'
      ? {
          valid: true,
          claims: {
            iss: PAYMENTS.issuer,
            aud: PAYMENTS.audience,
            sub: 'u',
            iat: NOW,
            exp: NOW + 300,
            jti: 'jti-1',
          },
          kid: 'kid-1',
          keyState: 'active',
        }
      : { valid: false, reason: 'malformed' },
};

const document = (contentType: string, body: string): PublishedDocument => ({
  contentType,
  body,
  etag: '"tag-1"',
  maxAgeSeconds: 300,
});

export const sightings: Sightings = { unknown: async () => [] };

export const publication: Publication = {
  keySet: () => document('application/jwk-set+json', '{"keys":[]}'),
  signedKeySet: async () => document('application/jwk-set+jwt', 'a.b.c'),
  openidConfiguration: () => undefined,
};

export const CHECKPOINT: StoredCheckpoint = { number: 3, time: NOW, auditSequence: 9, jws: 'e30.e30.c2ln' };

export const checkpoints: CheckpointSource = {
  auditKey: { kid: 'audit-kid', publicJwk: PUBLIC_JWK },
  latest: () => CHECKPOINT,
};

const drills: DrillLog = {
  record: async (report, { operatorId }) => ({ ...report, at: NOW, by: operatorId }),
  list: () => [],
  standings: () => [],
};

export const audit: OperationsPlaneDeps['audit'] = {
  eventsAfter: async () => [],
  newestEvents: async () => [],
  checkpointsAfter: async () => [CHECKPOINT],
};

export const readiness: Readiness = {
  check: async () => ({ ready: true, checks: [{ name: 'sign', ok: true, detail: 'signs' }] }),
};

export const unexpected = () => Promise.reject(new Error('not expected in this test'));

export const scopes: ScopeAdministration = {
  requirePlaceable: async () => {},
  create: unexpected,
  change: unexpected,
};
export const pauses: RotationPauses = {
  requireSound: () => {},
  pause: async (_, rotationPause) => ({ ...PAYMENTS, rotationPause }),
  resume: async () => PAYMENTS,
};
export const clients: ClientAdministration = {
  create: unexpected,
  enrol: unexpected,
  replaceCredential: unexpected,
  describe: unexpected,
  revoke: unexpected,
  list: () => [],
  grant: unexpected,
  withdraw: unexpected,
};
export const operators: OperatorAdministration = {
  create: unexpected,
  enrol: unexpected,
  replaceCredential: unexpected,
  setRoles: unexpected,
  revoke: unexpected,
  list: () => [...OPERATORS.values()],
};

export const tokenRevocation: TokenRevocation = { revoke: async () => {} };
export const ledger: LedgerParts['ledger'] = {
  search: { page: async () => ({ entries: [], next: null }) },
  erasure: { openAbout: async () => ({ events: [], reports: [] }), eraseSubject: unexpected },
};
export const canaries: CanaryAdministration = {
  create: unexpected,
  find() {
    throw new KeywardError('unknown_canary', 'There is no canary of that id.');
  },
  list: async () => [],
  show: unexpected,
  retire: unexpected,
};
export const revocations: RevocationAdministration = { revoke: unexpected, list: () => [] };
export const securityEvents: EventService = {
  list: async () => [],
  find: unexpected,
  acknowledge: unexpected,
  resolve: unexpected,
};
export const securityEventFeed: SecurityEventFeed = {
  subscribe: () => () => {},
  changesAfter: async () => [],
  lastPlace: async () => 0,
};
const noReports: AdministeredReports['reports'] = {
  list: async () => [],
  find: unexpected,
  take: unexpected,
  note: unexpected,
  close: unexpected,
  erase: unexpected,
};
const reportIntake: ReportIntake = { receive: async () => '7Q3K-M2XD' };
const reportLimits: ReportLimits = { from: async () => {}, inAll: async () => {} };

/** What anybody may report, on the data plane. */
export interface ReportChanges {
  readonly intake?: ReportIntake;
  readonly limits?: ReportLimits;
}
export const publicReports = ({ intake = reportIntake, limits = reportLimits }: ReportChanges = {}) =>
  supplied(REPORT_ROUTES.data, { keyRing, intake, limits });
/** What capabilities add to the operations plane. */
export const administered = ({ reports = noReports, reviews = noReviews }: OperationsChanges) => [
  ...supplied(REPORT_ROUTES.operations, { reports }),
  ...supplied(REVIEW_ROUTES.operations, { reviews }),
  ...supplied(DRILL_ROUTES.operations, { drills }),
  ...supplied(CONFIGURATION_ROUTES.operations, {
    reloader: { reload: async () => ({ changed: [], refused: [] }) },
  }),
];
export const inventories: Inventories = { hsmTokens: ['primary'], latest: () => [], take: unexpected };

const watched = { ...keyRing, changes: new Emitter<string>() };
const clock = { nowSeconds: () => NOW };

export const LIMITS = {
  requests_in_flight: 64,
  client_requests_per_second: 10_000,
  anonymous_requests_per_second: 1_000,
  failed_authentications_per_minute: 1_000,
  event_streams: 8,
  event_streams_per_client: 4,
};

/** Log lines as parsed JSON, in order. */
export function recordedLog(level: 'debug' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({ level, destination: { write: (line) => lines.push(JSON.parse(line)) } });
  return { log, lines };
}

export const leaks: LeakService = {
  find: async (sought) => sought.map(() => undefined),
  lookUp: async (sought) => sought.map(() => undefined),
  report: unexpected,
  reportPins: unexpected,
  withdraw: unexpected,
};
const leakParts = () => ({
  leaks,
  leakPartners: { knows: () => false, partnerOf: () => undefined },
  leakReports: new PartnerReports({ aMinute: 60, remembered: 1_000 }, clock),
});

const settings = () => ({
  ...leakParts(),
  listener: { trusted_proxies: [] },
  limits: LIMITS,
  log: recordedLog().log,
  metrics: createMetrics(),
  callers: { authenticated: () => {}, rejectedSecret: () => {}, refused: () => {} },
});

export function dataPlaneDeps(changes: Partial<DataPlaneDeps> = {}): DataPlaneDeps {
  return {
    authenticator,
    grants,
    keyRing,
    issuer,
    verifier,
    sightings,
    tokenRevocation,
    publication,
    scopeEvents: createScopeEvents({
      keyRing: watched,
      revocations: { added: new Emitter(), concerning: () => [] },
      clock,
    }),
    eventStreams: new EventStreams(LIMITS),
    verifiers: createVerifierDirectory({ keyRing: watched, clock }),
    readiness,
    checkpoints,
    ...settings(),
    ...changes,
  };
}

export const noReviews: Reviews = {
  current: unexpected,
  signOff: unexpected,
  list: () => [],
  standing: () => ({ coveredUntil: NOW, overdueAt: NOW + 7 * 86_400, lastSignedOffAt: null }),
};

export const unwitnessed: Pick<UnwitnessedTrail, 'list' | 'confirm'> = {
  list: () => [],
  confirm: async () => [],
};
export const probes: ProbeAdministration = {
  list: () => [],
  requireSound() {},
  set: unexpected,
  remove: unexpected,
  run: unexpected,
};

export const confirmation: ClockConfirmation = {
  describe: () => ({ before: { trusted: false }, after: { trusted: true } }),
  confirm: async ({ time, reason }) => ({
    was: 'ahead_of_checkpoint',
    wall: time,
    expected: 1,
    time,
    reason,
  }),
};

export const pinLatches: PinLatches = {
  read: () => ({ state: 'rejected', attempts: 0 }),
  clear: async () => ({ open: true }),
};

export interface OperationsChanges extends Partial<OperationsPlaneDeps> {
  readonly scopes?: Partial<ScopeAdministration>;
  readonly pauses?: RotationPauses;
  readonly twoPersons?: boolean;
  readonly keys?: KeyAdministration;
  readonly reports?: AdministeredReports['reports'];
  readonly reviews?: Reviews;
}

/** The gate is the real one, over the same parts. */
export function operationsPlaneDeps({
  scopes: changedScopes,
  twoPersons = false,
  ...changes
}: OperationsChanges = {}): OperationsPlaneDeps {
  const parts = {
    keyRing,
    knownKeys,
    keys,
    compromises,
    policyPreview,
    clients,
    operators,
    pauses,
    pinLatches,
    confirmation,
    unwitnessed,
    revocations,
    canaries,
    ledger,
    probes,
    ...changes,
  };
  const proposals = () => new VolatileProposals({ record: async () => {} });
  return {
    authenticator,
    ...parts,
    gate: new Gate({
      acts: [
        ...administrativeActs({ ...parts, scopes: { ...scopes, ...changedScopes } }),
        eraseReport(changes.reports ?? noReports),
      ],
      operators: () => parts.operators.list(),
      proposals: { durable: proposals(), volatile: proposals() },
      clock,
      timeGuard: { requireSteadyTime() {} },
      twoPersons,
      lifetimeSeconds: 86_400,
      maxOpen: 2,
      maxOpenOfOne: 2,
    }),
    inventories,
    prover: { prove: unexpected },
    ceremonies: { of: unexpected },
    verifiers: createVerifierDirectory({ keyRing: watched, clock }),
    revocations,
    securityEvents,
    securityEventFeed,
    eventStreams: new EventStreams(LIMITS),
    notifications: { test: unexpected, list: unexpected, replay: unexpected },
    ledger,
    readiness,
    audit,
    ...settings(),
    ...changes,
  };
}
