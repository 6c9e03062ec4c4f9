interface Kinds {
  readonly text: string;
  readonly number: number;
  readonly flag: boolean;
  readonly texts: readonly string[];
  readonly object: Readonly<Record<string, unknown>>;
}

interface Field {
  readonly kind: keyof Kinds;
  readonly meaning: string;
}

const text = (meaning: string) => ({ kind: 'text', meaning }) as const satisfies Field;
const number = (meaning: string) => ({ kind: 'number', meaning }) as const satisfies Field;
const flag = (meaning: string) => ({ kind: 'flag', meaning }) as const satisfies Field;
const texts = (meaning: string) => ({ kind: 'texts', meaning }) as const satisfies Field;
const object = (meaning: string) => ({ kind: 'object', meaning }) as const satisfies Field;

/**
 * Every member that the evidence of a security event may have: one name means one thing in all of them. Times are
 * seconds since the epoch. Personal values stand in `claims` and `record` alone, where an erasure finds them.
 */
export const EVIDENCE_FIELDS = {
  about: text('token, or the case'),
  act: text('administrative act'),
  action: text('`sign`, `verify` or `revoke`'),
  alone: flag('one person did what takes two'),
  approved_by: text('operator who approved it'),
  at: number('when'),
  audit_event: number('number of the audit event'),
  by: text('operator, `client:<id>` or `keyward`'),
  caller: text('`client:<id>`, `operator:<id>` or `partner:<name>`'),
  canary: text('id of the canary'),
  chain: text('`audit`, `ledger` or `revocations`'),
  change: text('`rotated`, `lost` or `foreign`'),
  chore: text('step that failed'),
  claims: object('claims of the token'),
  client: text('client'),
  code: text('problem in the answer'),
  concerns: text('whom or what it is about, such as `key:<kid>`'),
  condition: text('type of the event that told of it'),
  connected_since: number('start of the connection'),
  decoy: text('`credential`, `token` or `key`'),
  count: number('in the minute, or in a row'),
  credentials: number('credentials and PINs with a valid checksum'),
  day: text('day, UTC'),
  details: texts('what differs, or where'),
  digest: text('SHA-256 of the signing input, base64url'),
  drill: text('drill'),
  due_at: number('due time of the rotation'),
  expected: number('expected count or time'),
  expected_at: number('earliest time of the rotation'),
  expired: flag('it has ended'),
  expires_at: number('end of the proposal'),
  failed_at: number('first failure'),
  finding: text('difference from the registry'),
  first_event: number('first lost audit event'),
  gap: number('number of the missing range'),
  header: object('header of the token'),
  holder: text('`client:<id>` or `operator:<id>`'),
  holds: number('key-set version of the verifier'),
  host: text('host of the front'),
  hour: number('beginning of the hour'),
  hsm_id: text('`CKA_ID` of the object, hex'),
  hsm_token: text('name of the HSM token'),
  iat: number('`iat` of the token'),
  instance: text('name of the client process'),
  issued_from: number('first `iat` without records'),
  issued_until: number('last `iat` without records'),
  jump: text('`departed` (monotonic time), `before_checkpoint`, or `ahead_of_checkpoint`'),
  key_scope: text('scope of the key'),
  key_state: text('state of the key'),
  kid: text('key'),
  last_event: number('last lost audit event'),
  last_signed_off_at: number('last sign-off'),
  last_passed_at: number('last passed drill'),
  leaked: text('`client_credential`, `operator_credential`, `token` or `pin`'),
  leaked_digest: text('SHA-256 of credential, `kw_pin_…` or signing input; base64url'),
  leaked_at: text('address, file and byte, or report'),
  lost: number('confirmed audit events that the sink lacks'),
  member: text('member of the header'),
  names_scope: flag('issuer and audience are the scope’s'),
  near: flag('near a known network'),
  network: text('/24 of the address, or /48 in IPv6'),
  networks: texts('known networks'),
  not_repeated: texts('lost changes that were not repeated'),
  notification_target: text('name of the notification target'),
  operator: text('operator'),
  obstacle: text('what blocks the rotation'),
  overdue_at: number('overdue since'),
  paused_until: number('end of the pause'),
  percent: number('used share'),
  place: text('where in the chain'),
  plane: text('`data` or `operations`'),
  planted: text('where the canary was planted'),
  probe: text('probe that was sent'),
  proposal: text('id of the proposal'),
  published: number('published key-set version'),
  received_at: number('receipt of the report'),
  rehearsal: flag('on a drill scope, which serves nobody'),
  record: object('ledger’s record of that digest'),
  recorded: flag('the ledger has it; null if unknown'),
  remote: text('source address'),
  reported_by: text('`partner:<name>`, `report:<number>` or an operator'),
  reporter: text('`partner`, `person` or `operator`'),
  request_id: text('id in log and answer'),
  refused: flag('`count` are refused reports'),
  report: text('number of the case'),
  role: text('role that may decide'),
  roles: texts('roles of the operator'),
  row: text('id of the row'),
  scope: text('key scope'),
  scopes: texts('scopes that it concerns'),
  serial: text('serial number of the HSM token'),
  settled: flag('other weeks are known'),
  sign_until: number('end of the signing window'),
  signature: text('`right`, `wrong` or `unchecked`'),
  since: number('since when'),
  single_operator: flag('`two_persons` was off, for development'),
  sink: text('audit sink'),
  source: text('kind of place, by the reporter'),
  status: number('status of the HTTP answer'),
  table: text('table of the registry'),
  taken_at: number('time of the inventory'),
  use: text('[one of these](canaries.md#what-rings), `sign` or `inventory`'),
  used: number('share in use, 0 to 1'),
  valid_until: number('end of the certificate'),
  volume: text('`database` or `archive`'),
  waiting: texts('scopes that wait for the HSM token'),
  wall: number('time of the clock'),
  why: text('why, in a sentence'),
  untaken: number('open cases, past the day’s limit'),
  withdrawn: flag('the report revoked it'),
  window_over: flag('the signing window has ended'),
  written: flag('reporter wrote a text'),
} as const satisfies Record<string, Field>;

type FieldName = keyof typeof EVIDENCE_FIELDS;

/** A member of some evidence; with a question mark it may be null. */
export type FieldRef = FieldName | `${FieldName}?`;
export type NameOf<R extends FieldRef> = R extends `${infer N extends FieldName}?` ? N : R & FieldName;
type ValueOf<R extends FieldRef> =
  | Kinds[(typeof EVIDENCE_FIELDS)[NameOf<R>]['kind']]
  | (R extends `${string}?` ? null : never);

/** The evidence that has these members and no others. */
export type Evidence<R extends FieldRef> = { readonly [F in R as NameOf<F>]: ValueOf<F> };
