import { makePin } from '../../src/kernel/credential.ts';
import { NOW } from './command-line.ts';

/** A call of a verb, and what the service answers to it; with rows as they are in production. */
export interface AnsweredCall {
  readonly argv: readonly string[];
  readonly answers: Readonly<Record<string, readonly [status: number, body: unknown]>>;
  /** Files in the folder of the call, in which `./` of its arguments is. */
  readonly files?: Readonly<Record<string, string>>;
}

export const KIDS = [
  'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  'Ep2JuP-C42mODeGX0pNz5ng2gttPaCZh-dTt-FwHC68',
  'NzbLsXh81kq0v3mO5rT9aYwB2cUeFgHiJkLmNoPqRsT',
  'uTn6BRQ7Sn7Cl8HHd0b_-0uyS4rsqkyqXlp1mHGBXGo',
] as const;
const [KID, OTHER, SIMILAR, OLD] = KIDS;
const DIGEST = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const JTI = 'b1mlLCdsGzQ5Sw1f9aYOMA';
const DAY = 86_400;

const policy = {
  max_ttl_seconds: 3_600,
  default_ttl_seconds: 300,
  cryptoperiod_seconds: 14 * DAY,
  jwks_max_age_seconds: 300,
  max_stale_seconds: 3_600,
  clock_skew_seconds: 30,
  token_types: ['at+jwt', 'JWT'],
  require_subject: true,
  record_subject: 'hashed',
  root_claim: 'txn',
  external_claims: false,
  suspend_on_forgery: true,
};

const scopes = ['payments', 'customer-notifications', 'eu-central-ledger'].map((id, at) => ({
  id,
  issuer: `https://identity.example.com/scopes/${id}`,
  audience: `https://${id}.internal.example.com`,
  algorithm: at === 1 ? 'PS256' : 'ES256',
  modulus_bits: at === 1 ? 3_072 : null,
  hsm_token: at === 2 ? 'issuer-eu' : 'primary',
  standby_token: at === 0 ? 'issuer-eu' : null,
  policy,
  contacts: ['security@example.com', 'on-call-payments@example.com'],
  rotation_pause: at === 0 ? { until: NOW + 3 * DAY, reason: 'the HSM moves to the other hall' } : null,
  created_at: NOW - (at + 1) * 40 * DAY,
}));
const [payments] = scopes;

function key(kid: string, scope: string, state: string, more: object = {}) {
  return {
    kid,
    scope,
    state,
    algorithm: 'ES256',
    hsm_token: 'primary',
    hsm_id: '9f86d081884c7d659a2feaa0c55ad015',
    public_jwk: { kty: 'EC', crv: 'P-256', x: DIGEST, y: DIGEST },
    max_ttl_seconds: 3_600,
    created_at: NOW - 9 * DAY,
    published_at: NOW - 9 * DAY,
    sign_from: NOW - 7 * DAY,
    sign_until: NOW + 7 * DAY,
    activated_at: NOW - 7 * DAY,
    deactivated_at: null,
    suspended_at: null,
    resumed_at: null,
    compromised_at: null,
    token_compromised_at: null,
    private_half_destroyed_at: null,
    destroyed_at: null,
    kept_for_forensics: false,
    verify_until: NOW + 7 * DAY + 3_630,
    proof: { status: 'proven', reasons: [] },
    ...more,
  };
}

const unproven = {
  status: 'unproven',
  reasons: ['CKA_EXTRACTABLE is true, and must be false', 'the binding record names another audience'],
};
export const keys = [
  key(KID, 'payments', 'active'),
  key(OTHER, 'payments', 'pre_activation', { sign_from: null }),
  key(SIMILAR, 'customer-notifications', 'suspended', { algorithm: 'PS256', proof: unproven }),
  key(OLD, 'eu-central-ledger', 'deactivated', { hsm_token: 'issuer-eu' }),
];
const refused = [
  { kid: OLD, scope: 'payments', why: 'the row is signed by no registry key that is believed' },
];

const client = {
  id: 'payments-identity',
  description: 'the login service of the payments team, in both regions',
  grants: [
    { scope: 'payments', action: 'sign' },
    { scope: 'customer-notifications', action: 'sign' },
    { scope: 'eu-central-ledger', action: 'verify' },
  ],
  created_at: NOW - 90 * DAY,
  revoked_at: null,
};
const clients = [client, { ...client, id: 'web', description: '', grants: [], revoked_at: NOW - DAY }];

const operators = [
  { id: 'alice', roles: ['operator', 'approver'], created_at: NOW - 400 * DAY, revoked_at: null },
  {
    id: 'ben.of-the-night-shift',
    roles: ['operator', 'approver', 'auditor'],
    created_at: NOW,
    revoked_at: NOW,
  },
];

const proposal = {
  id: 'zg4dp48dfch2nqqp',
  act: 'scope.policy',
  subject: 'scope:customer-notifications',
  parameters: { scope: 'customer-notifications' },
  changes: [
    {
      member: 'policy.token_types',
      from: ['at+jwt', 'JWT'],
      to: ['at+jwt', 'JWT', 'untyped', 'a further one that nobody has heard of'],
    },
    { member: 'policy.max_ttl_seconds', from: 900, to: 3_600 },
  ],
  proposed_by: 'alice',
  proposed_at: NOW - 3_600,
  expires_at: NOW + 2 * DAY,
  state: 'open',
  approvers: ['ben.of-the-night-shift', 'carol', 'dora'],
  decided_by: null,
  decided_at: null,
  failure: null,
};
const failed = {
  ...proposal,
  id: '7v3k9mzx2qpw4r8t',
  state: 'failed',
  decided_by: 'carol',
  decided_at: NOW - 60,
  failure: { code: 'proposal_outdated', detail: 'What it would change has changed meanwhile.' },
};

const verifiers = ['checkout-api', 'customer-notifications-worker'].map((name, at) => ({
  scope: 'customer-notifications',
  client: name,
  instance: `${name}-7c9f8d6b5-x2x${at}`,
  connected_since: at === 0 ? NOW - 7_200 : null,
  version: 41 + at,
  published_version: 42,
  lags_for_seconds: at === 0 ? 120 : null,
  last_seen: NOW - 30,
}));

const record = {
  iat: NOW - 3_600,
  exp: NOW - 3_300,
  scope: 'customer-notifications',
  client: 'payments-identity',
  subject: 'user-7f3c2b1a',
  root: 'login-2026-11-23-0417',
  jti: JTI,
  kid: KID,
  erased: false,
};

const revocation = {
  sequence: 1_042,
  scope: 'customer-notifications',
  jti: null,
  root: null,
  client: 'payments-identity',
  issued_from: NOW - 7 * DAY,
  issued_until: NOW - DAY,
  created_at: NOW - DAY,
  revoked_by: 'ben.of-the-night-shift',
  reason: 'its credential was found in a public repository, in the history of a branch',
};

const taken = { by: 'ben.of-the-night-shift', at: NOW - 60, note: 'asked the relying service for its log' };
const event = {
  sequence: 1_017,
  raised_at: NOW - 3 * 3_600,
  type: 'token.never_issued',
  severity: 'critical',
  subject: `key:${KID}`,
  evidence: {
    scope: 'payments',
    kid: KID,
    digest: DIGEST,
    header: { alg: 'ES256', kid: KID, typ: 'at+jwt' },
    claims: {
      iss: 'https://identity.example.com/scopes/payments',
      aud: 'https://payments.internal.example.com',
      iat: NOW - 4 * 3_600,
      exp: NOW - 3 * 3_600,
      sub: 'user-7f3c2b1a',
      jti: JTI,
    },
    record: null,
  },
  state: 'acknowledged',
  acknowledged: taken,
  resolved: null,
};
const window = {
  ...event,
  sequence: 1_016,
  type: 'key.rotation_overdue',
  severity: 'warning',
  subject: `key:${OTHER}`,
  state: 'open',
  acknowledged: null,
};
export const events = [event, window];

const canaries = ['credential', 'token'].map((kind, at) => ({
  id: '3f0c9a6e2b7d4185',
  kind,
  planted: 'environment of the wiki, beside the configuration of its mail server',
  scope: at === 0 ? null : 'customer-notifications',
  created_at: NOW - 30 * DAY,
  created_by: 'alice',
  retired_at: at === 0 ? null : NOW - DAY,
}));

const trace = {
  sequence: 4_711,
  scope: 'customer-notifications',
  kid: KID,
  jti: JTI,
  client: 'payments-identity',
  iat: NOW - 600,
  exp: NOW,
};
const report = {
  sequence: 12,
  report: '7Q3K-M2XD',
  scope: 'customer-notifications',
  received_at: NOW - 7_200,
  state: 'open',
  owner: 'ben.of-the-night-shift',
  outcome: null,
  about: 'credential_unknown',
  digest: DIGEST,
  text: 'I found this in the log of a build server.\nIt seems to be one of yours; who do I tell, and how soon will it be dead?',
  contact: 'finder@example.org',
  erased: false,
  findings: {
    readable: true,
    signature: 'right',
    verdict: 'valid',
    key: { kid: KID, scope: 'payments', state: 'active', proof: 'proven' },
    record: trace,
    revoked: false,
    around: {
      from: NOW - 3_600,
      to: NOW,
      client: { tokens: 812, listed: [trace], complete: false },
      subject: { tokens: 1, listed: [trace], complete: true },
    },
    credentials: [{ holder: 'client:payments-identity', live: true }],
    pins: 1,
    failure: null,
  },
  same_token: ['9WXY-2KLM'],
  steps: [
    {
      step: 'taken',
      by: 'ben.of-the-night-shift',
      at: NOW - 60,
      outcome: null,
      note: 'asked the owner of the build server for the whole log of that night',
    },
  ],
};

const deliveries = [null, 'customer-notifications'].map((contacts_of, at) => ({
  id: 12_345 + at,
  kind: at === 0 ? 'event' : 'reminder',
  event: 1_017,
  severity: 'critical',
  route: 'critical-events',
  contacts_of,
  target: 'on-call-webhook',
  state: at === 0 ? 'dead' : 'pending',
  attempts: 12,
  created_at: NOW - 7_200,
  last_error: 'the target answered 503 Service Unavailable',
}));

const period = { from: NOW - 7 * DAY, to: NOW, first_event: 7, last_event: 90_412, more: false };
const listed = <T>(...of: readonly T[]) => ({ listed: of, more: 3 });
const current = {
  review: {
    period,
    unresolved: listed(...events),
    acts: listed({ type: 'client.credential_replaced', count: 4, by: ['alice', 'carol'], last_at: NOW - 60 }),
    new_callers: listed({
      caller: 'client:customer-notifications-worker',
      at: NOW - DAY,
      by: 'alice',
      approved_by: 'ben.of-the-night-shift',
    }),
    new_sources: listed({
      caller: 'client:payments-identity',
      network: '2001:db8:85a3::/48',
      event: 1_015,
      at: NOW,
    }),
    denied: listed({
      caller: 'client:customer-notifications-worker',
      what: 'scope:eu-central-ledger verify',
      code: 'grant_missing',
      count: 1_412,
      remotes: ['198.51.100.17', '203.0.113.200', '2001:db8::17'],
    }),
    volume: listed({
      client: 'customer-notifications-worker',
      scope: 'customer-notifications',
      tokens: 1_234_567,
      before: 1_234,
    }),
    odd_hours: listed({
      client: 'payments-identity',
      scope: 'customer-notifications',
      at: NOW - DAY,
      tokens: 17,
    }),
    ledger_counted_from: NOW - DAY,
  },
  digest: DIGEST,
  acts: 12,
  own_acts: 4,
};
const signedOff = {
  period,
  digest: DIGEST,
  note: 'the new client is that of the shop, which the head of payments has confirmed by telephone',
  acts: 12,
  own_acts: 4,
  signed_off_by: 'ben.of-the-night-shift',
  signed_off_at: NOW - DAY,
};

const probe = {
  client: 'customer-notifications-worker',
  scope: 'customer-notifications',
  url: 'https://customer-notifications.internal.example.com/keyward-probe',
  set_at: NOW - 30 * DAY,
  expired_due_at: NOW + 1_800,
  next_at: NOW + 1_800,
  answers: [
    { probe: 'valid', verdict: 'right', status: 204, at: NOW - 60, why: null },
    { probe: 'expired', verdict: 'wrong', status: 204, at: NOW - 60, why: 'it accepted what it must refuse' },
  ],
  not_sent: [
    { probe: 'compromised_key', why: 'no key of this scope was ever compromised; a drill would make one' },
  ],
};

const tokenOf = {
  label: 'keyward-primary',
  serial: '8c1f0e3d5a7b9264',
  manufacturer: 'SoftHSM project',
  model: 'SoftHSM v2',
  firmware: '2.6',
};
const inventory = {
  hsm_token: 'primary',
  taken_at: NOW - 600,
  token: tokenOf,
  objects: 12,
  expected: 5,
  proven: 4,
  findings: [
    {
      kind: 'unexpected',
      hsm_id: '9f86d081884c7d659a2feaa0c55ad015',
      kid: KID,
      scope: 'customer-notifications',
      details: ['CKA_EXTRACTABLE is true, and must be false', 'no row of the registry has it'],
    },
    { kind: 'leftover', hsm_id: '9f86d081884c7d659a2feaa0c55ad0ff', kid: null, scope: null, details: ['?'] },
  ],
  omitted: 2,
};

const shares = { listed: [{ name: 'payments-identity', tokens: 1_234_567 }], more: 4 };
const compromise = {
  kid: KID,
  scope: 'payments',
  compromised_at: NOW,
  private_half: 'to_be_destroyed',
  use: {
    live_tokens: 1_234_567,
    clients: shares,
    subjects: shares,
    first_issued_at: NOW - 3_600,
    last_issued_at: NOW,
    complete: false,
  },
  other_keys: { listed: [{ kid: OTHER, scope: 'customer-notifications', state: 'pre_activation' }], more: 2 },
  key_set_version: 43,
  verifiers: verifiers.map(({ client: of, instance }, at) => ({
    client: of,
    instance,
    connected: at === 0,
    took_ms: at === 0 ? 212 : null,
  })),
};
const outcome = {
  key: key(KID, 'payments', 'compromised', { compromised_at: NOW }),
  promoted: key(OTHER, 'payments', 'active'),
  already: false,
  replicated: true,
};
const tokenOutcome = {
  hsm_token: 'issuer-eu',
  keys: 2,
  compromised: [
    { kid: KID, scope: 'payments' },
    { kid: OTHER, scope: 'customer-notifications' },
  ],
  promoted: [{ kid: OLD, scope: 'eu-central-ledger' }],
  waiting: ['payments', 'customer-notifications'],
  service_keys: true,
};

const drill = {
  drill: 'compromise',
  scope: 'drill',
  passed: false,
  steps: [{ name: 'the private half is gone from the HSM', took_ms: 60_000 }],
  performed_by: 'ben.of-the-night-shift',
  performed_at: NOW - 100 * DAY,
};
const drills = {
  drills: [drill],
  standings: [
    { drill: 'compromise', last_passed_at: NOW - 100 * DAY, overdue_at: NOW - 10 * DAY },
    { drill: 'restore', last_passed_at: null, overdue_at: NOW + 10 * DAY },
  ],
};

const auditEvent = {
  sequence: 90_412,
  time: NOW - 60,
  type: 'client.credential_replaced',
  actor: 'operator:ben.of-the-night-shift',
  subject: 'client:payments-identity',
  request_id: JTI,
  details: { credential_digest: DIGEST, approved_by: 'operator:alice', proposal: 'zg4dp48dfch2nqqp' },
  hash: DIGEST,
};

const proof = {
  key: keys[0],
  token: tokenOf,
  proven: false,
  unproven: ['CKA_EXTRACTABLE is true, and must be false', 'the binding record names another audience'],
  attributes: { CKA_EXTRACTABLE: true, CKA_NEVER_EXTRACTABLE: false, CKA_SENSITIVE: true },
  nonce: 'audit-2026-11-of-the-external-auditors',
  evidence: null,
  audit_key: null,
  binding_key: null,
};

const ceremony = {
  scope: payments,
  made_at: NOW - 40 * DAY,
  made_by: 'alice',
  approved_by: 'ben.of-the-night-shift',
  proposal: 'zg4dp48dfch2nqqp',
  proposed_at: NOW - 41 * DAY,
  request_id: null,
  audit_event: { sequence: 12, hash: DIGEST },
  keys: [{ kid: KID, state: 'active', token: tokenOf }],
};

const yes = (body: unknown) => [200, body] as const;
const call = (
  line: string,
  answers: Record<string, unknown>,
  files: Readonly<Record<string, string>> = {},
): AnsweredCall => ({
  argv: line.split(' '),
  files,
  answers: Object.fromEntries(Object.entries(answers).map(([request, body]) => [request, yes(body)])),
});

const DOCUMENT = `
scopes:
  payments:
    issuer: https://identity.example.com/scopes/payments
    audience: https://payments.internal.example.com
    policy: { token_types: [at+jwt, JWT, untyped] }
  eu-central-notifications:
    issuer: https://identity.example.com/scopes/eu-central-notifications
    audience: https://eu-central-notifications.internal.example.com
clients:
  payments-identity:
    description: the login service of the payments team
    grants: { payments: [sign, verify] }
`;
const LOST_PIN = makePin();

const STATUS = {
  'GET /readyz': {
    ready: true,
    checks: [{ name: 'sign', ok: true, detail: 'a token was signed 2 s ago' }],
  },
  'GET /events?state=open&limit=1000': { events: [event, window, { ...window, severity: 'info' }] },
  'GET /scopes': { scopes },
  'GET /keys': { keys, refused },
  'GET /proposals?state=open&limit=1000': { proposals: [proposal] },
  'GET /inventory': { inventories: [inventory] },
  'GET /metrics': 'keyward_up 1\nkeyward_checkpoint_age_seconds 42.5\n',
  'GET /reviews': { reviews: [], covered_until: NOW - 7 * DAY, overdue_at: NOW - DAY },
  'GET /drills': drills,
};

/** Each verb that prints a list or a description of what the service answers. */
export const ANSWERED_CALLS: readonly AnsweredCall[] = [
  call('status', STATUS),
  call('whoami', { 'GET /whoami': { operator: operators[1] } }),
  call('context list', {}),
  call('client show web', { 'GET /clients/web': { client } }),
  call('key show NzbLsXh8u', { 'GET /keys': { keys } }),
  call('scope list', { 'GET /scopes': { scopes } }),
  call('scope show payments', { 'GET /scopes/payments': { scope: payments, keys } }),
  call('scope ceremony payments', { 'GET /scopes/payments/ceremony': { ceremony } }),
  call('key list', { 'GET /keys': { keys, refused } }),
  call(`key prove ${KID}`, { 'GET /keys': { keys }, [`POST /keys/${KID}/prove`]: proof }),
  call('key rotate payments --reason aged', {
    'POST /scopes/payments/rotate': { activated: keys[1], deactivated: keys[0] },
  }),
  call(`key suspend ${KID} --reason drill`, { [`POST /keys/${KID}/suspend`]: outcome }),
  call(`key compromise ${KID} --reason leaked --wait 0`, {
    [`POST /keys/${KID}/compromise`]: { ...outcome, compromise },
  }),
  call(`key blast-radius ${KID}`, { [`GET /keys/${KID}/compromise`]: { compromise } }),
  call('hsm inventory', {
    'POST /inventory': {
      inventories: [inventory],
      away: [
        {
          hsm_token: 'issuer-eu',
          code: 'hsm_unavailable',
          detail: 'The HSM token issuer-eu does not answer: its slot is empty, or its driver is not there.',
        },
      ],
    },
  }),
  call('hsm compromise issuer-eu --reason leaked', { 'POST /hsm/issuer-eu/compromise': tokenOutcome }),
  call('client list', { 'GET /clients': { clients } }),
  call('client revoke web', { 'POST /clients/web/revoke': { client } }),
  call('client probe list', { 'GET /probes': { probes: [probe] } }),
  call('client probe run web payments', { 'POST /clients/web/probe/run': { probe } }),
  call('operator list', { 'GET /operators': { operators, next: 'ben.of-the-night-shift' } }),
  call('proposal list --closed', { 'GET /proposals': { proposals: [proposal, failed], next: null } }),
  call('proposal show zg4dp48dfch2nqqp', { 'GET /proposals/zg4dp48dfch2nqqp': { proposal: failed } }),
  call('grant show web', { 'GET /clients/web': { client } }),
  call('grant add web payments sign', { 'POST /grants': { proposal } }),
  call(
    'plan -f ./scopes.yaml',
    {
      'GET /scopes': { scopes },
      'GET /clients': { clients },
      'POST /scopes/payments/preview': {
        refusals: [{ member: 'policy.token_types', counted: { tokens: 1_234, bound: 'at_least' } }],
      },
    },
    { 'scopes.yaml': DOCUMENT },
  ),
  call('scan --offline ./log', {}, { log: `a line with ${LOST_PIN} in it\n` }),
  call('verifier list', { 'GET /verifiers': { verifiers } }),
  call('ledger find --subject user-7f3c2b1a', {
    'GET /ledger?subject=user-7f3c2b1a&after=0&limit=1000': { records: [record], next: 1 },
    'GET /ledger?subject=user-7f3c2b1a&after=1&limit=1000': {
      records: [{ ...record, erased: true }],
      next: null,
    },
  }),
  call('revocation list', { 'GET /revocations': { revocations: [revocation], next: null } }),
  call('revoke --client web', { 'POST /revocations': { revocation } }),
  call('event list', { 'GET /events': { events, next: 1002 } }),
  call('event show 1017', { 'GET /events/1017': { event } }),
  call('canary list', { 'GET /canaries': { canaries } }),
  call('canary show 3f0c9a6e2b7d4185', { 'GET /canaries/3f0c9a6e2b7d4185': { canary: canaries[1] } }),
  call('report list', { 'GET /reports': { reports: [report], next: null } }),
  call('report show 7Q3K-M2XD', { 'GET /reports/7Q3K-M2XD': { report } }),
  call('notify list', { 'GET /notifications/deliveries': { deliveries, next: null } }),
  call('notify test', {
    'POST /notifications/test': {
      tests: [
        { target: 'on-call-webhook', type: 'webhook', ok: false, error: 'the certificate has expired' },
      ],
    },
  }),
  call('review', { 'GET /reviews/current': current }),
  call('review list', { 'GET /reviews': { reviews: [signedOff], covered_until: NOW, overdue_at: NOW - 1 } }),
  call('review sign-off --note done', { 'POST /reviews': { review: signedOff } }),
  call('audit tail --no-follow', { 'GET /audit?limit=10': { events: [auditEvent], next: null } }),
  call('drill list', { 'GET /drills': drills }),
];
