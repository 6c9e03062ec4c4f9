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
  about: text(
    'what is told of once: a token that is ours by its digest and how its signature is, anything else by its case',
  ),
  at: number('when'),
  caller: text('who asked: `client:<id>`, `operator:<id>` or `partner:<name>`'),
  canary: text('the decoy, as `keyward canary show` takes it'),
  chain: text('`audit`, `ledger` or `revocations`'),
  chore: text('what was to be done'),
  claims: object('the claims of the token'),
  client: text('the client'),
  code: text('the problem that it was answered with'),
  concerns: text('what it was to be done to, such as `key:<kid>` or `scope:<id>`'),
  connected_since: number('since when the verifier follows the events of the scope'),
  decoy: text('what the decoy passed for: `credential`, `token` or `key`'),
  count: number('how many: within the minute, or in a row'),
  credentials: number(
    'how many credentials and PINs were shown, the first of them: by their checksum of our making',
  ),
  day: text('the day, UTC'),
  details: texts('what differs, or where it was found, in sentences'),
  digest: text('SHA-256 of the signing input, base64url'),
  drill: text('the rehearsal'),
  due_at: number('when the rotation is due'),
  expected: number('what was to be expected: of a minute’s count, or at least of the time'),
  expected_at: number('when the rotation can come, as things are'),
  failed_at: number('when it failed for the first time'),
  finding: text('how it differs from the registry'),
  first_event: number('the first event of the audit trail that the copy did not have'),
  gap: number('which of the stretches that were lost, counted from 1'),
  header: object('the header of the token'),
  holder: text('whose it is: `client:<id>` or `operator:<id>`'),
  holds: number('the key-set version that the verifier holds'),
  hour: number('the beginning of the hour'),
  hsm_id: text('`CKA_ID` of the object, hex'),
  hsm_token: text('the HSM token, as the configuration names it'),
  iat: number('the `iat` of the token'),
  instance: text('the process of the client, in its own words'),
  issued_from: number('the first `iat` of tokens whose records may be lost'),
  issued_until: number('the last `iat` of tokens whose records may be lost'),
  jump: text('`departed` from monotonic time, `before_checkpoint`, or `ahead_of_checkpoint` at start'),
  key_scope: text('the scope of the key'),
  key_state: text('the state of the key'),
  kid: text('the key'),
  last_event: number('the last event of the audit trail that the copy did not have'),
  last_signed_off_at: number('when a review was last signed off'),
  last_passed_at: number('when the rehearsal was last passed'),
  leaked: text('what leaked: `client_credential`, `operator_credential`, `token` or `pin`'),
  leaked_digest: text(
    'SHA-256 of the credential, of a PIN that Keyward made, or of the token’s signing input; base64url',
  ),
  leaked_at: text('where it was found: an address, a file and a byte, or a report'),
  member: text('the member of the header'),
  names_scope: flag('whether issuer and audience in it are those of the scope'),
  near: flag('whether the network is near one that is known'),
  network: text('the network that the address is of: its /24, or the /48 of an IPv6 address'),
  networks: texts('the networks that are known'),
  not_repeated: texts('changes of that stretch that were not done again: kind and what they concern'),
  notification_target: text('the notification target, as the configuration names it'),
  obstacle: text('what stands in the way of the rotation'),
  overdue_at: number('when it became overdue'),
  paused_until: number('when the pause of the rotation ends'),
  percent: number('how much is used up, of the signing window or of the disk'),
  place: text('where in the chain'),
  plane: text('`data` or `operations`'),
  planted: text('where the decoy was planted, in the words of whoever made it'),
  probe: text('which token it was sent'),
  published: number('the key-set version that is published'),
  received_at: number('when the report was received'),
  record: object('what the ledger has under that digest'),
  recorded: flag('whether the ledger has the token; null where it could not be asked'),
  remote: text('the address that it came from'),
  reported_by: text('whose word it is: `partner:<name>`, `report:<number>` or an operator'),
  reporter: text('whose word that is by kind: `partner`, `person` or `operator`'),
  request_id: text('the request, as the log and the answer name it'),
  refused: flag('whether they were turned away; then they are counted until it was told'),
  report: text('the number of the case'),
  row: text('the id of the row'),
  scope: text('the key scope'),
  scopes: texts('the key scopes that it opens'),
  serial: text('the serial number of the HSM token'),
  settled: flag('whether the same hour of other weeks is known'),
  sign_until: number('the end of the signing window'),
  signature: text('`right`, `wrong`, or `unchecked` where no key of ours is named'),
  since: number('since when'),
  sink: text('the audit sink'),
  source: text('the kind of place, as the reporter names it'),
  status: number('the status of the HTTP answer'),
  table: text('the table of the registry'),
  taken_at: number('when the inventory was taken'),
  use: text(
    'how the decoy was used: `authentication`, `verify`, `introspect`, `revoke`, `sighting`, `report`, `sign`, `inventory` or `leak`',
  ),
  used: number('the share in use, from 0 to 1'),
  volume: text('what lies on the disk: `database` or `archive`'),
  wall: number('the time as the clock has it'),
  why: text('why, in a sentence'),
  untaken: number('how many cases nobody has taken up: told of where further ones are not told that day'),
  withdrawn: flag('whether it was revoked with the report'),
  window_over: flag('whether the signing window has ended'),
  written: flag('whether the reporter wrote anything'),
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

export function nameOf<R extends FieldRef>(ref: R): NameOf<R> {
  return ref.replace(/\?$/, '') as NameOf<R>;
}
