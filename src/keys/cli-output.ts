import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT, usageFailure } from '../cli/failure.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, instantCell, kidCell, table } from '../cli/table.ts';
import { type Colour, humanTime } from '../cli/text.ts';
import { printable } from '../lib/html.ts';
import type { KeyListAnswer } from './routes/keys.ts';
import type { KeyAnswer, KeyOutcomeAnswer, RefusedKeyAnswer, RotationAnswer } from './routes/wire.ts';

const COLOURS = new Map<string, Colour>([
  ['active', 'green'],
  ['suspended', 'yellow'],
  ['compromised', 'red'],
  ['destroyed', 'dim'],
  ['unproven', 'red'],
  ['missing', 'yellow'],
  ['unchecked', 'dim'],
]);

/** The keys, and below them why those are out of service that are. */
export function describeKeys(
  keys: readonly KeyAnswer[],
  { terminal }: Context,
  refused: readonly RefusedKeyAnswer[] = [],
): string {
  if (keys.length === 0) return 'no keys';
  const among = kidsOf([...keys, ...refused]);
  const listed = table(
    [
      'kid',
      'scope',
      'state',
      { name: 'algorithm', extra: true },
      { name: 'hsm token', extra: true },
      'proof',
      'signs from',
      'signs until',
    ],
    keys.map((key) => [
      kidCell(key.kid),
      key.scope,
      stateCell(key.state),
      key.algorithm,
      key.hsm_token,
      stateCell(key.proof.status),
      instantCell(key.sign_from),
      instantCell(key.sign_until),
    ]),
    terminal,
    { among },
  );
  const reasons = keys.flatMap(({ kid, proof }) =>
    proof.reasons.map((reason): Cell[] => [kidCell(kid), reason]),
  );
  return reasons.length === 0
    ? listed
    : `${listed}\n\n${table(['not proven', 'why'], reasons, terminal, { among })}`;
}

/** Nothing where no row was refused. */
function describeRefusedKeys({ keys, refused }: KeyListAnswer, { terminal }: Context): string[] {
  if (refused.length === 0) return [];
  const rows = refused.map(({ kid, scope, why }): Cell[] => [kidCell(kid, 'red'), scope, why]);
  return [table(['refused', 'scope', 'why'], rows, terminal, { among: kidsOf(keys) })];
}

const kidsOf = (rows: readonly { readonly kid: string }[]) => rows.map(({ kid }) => kid);

export function stateCell(text: string): Cell {
  const colour = COLOURS.get(text);
  return colour ? [text, colour] : text;
}

export async function keyList(context: Context, { scope }: { readonly scope?: string }): Promise<void> {
  const call = await connect(context);
  const query = scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`;
  const answer = await call<KeyListAnswer>('GET', `/keys${query}`);
  show(context, answer, () =>
    [describeKeys(answer.keys, context, answer.refused), ...describeRefusedKeys(answer, context)].join(
      '\n\n',
    ),
  );
}

/** What became of a key, and which one signs in its place. */
export function describeOutcome(outcome: KeyOutcomeAnswer, context: Context): string {
  const { key, promoted, already } = outcome;
  const { terminal } = context;
  const pairs: [string, Cell][] = [
    ['key', key.kid],
    ['scope', key.scope],
    ['state', already ? `${key.state} already; nothing was changed` : stateCell(key.state)],
    ['private half', privateKey(key, context)],
  ];
  if (promoted) pairs.push(['signs now', promoted.kid], ['signs until', until(promoted, context)]);
  return fields([...pairs, ...standbysLack(outcome)], terminal);
}

/** Nothing where standbys have it. */
export function standbysLack({ replicated }: Pick<KeyOutcomeAnswer, 'replicated'>): [string, Cell][] {
  if (replicated) return [];
  return [
    ['standbys', ['not yet: it is in effect, and Keyward repeats it by itself until they have it', 'yellow']],
  ];
}

function describeRotation(rotation: RotationAnswer, context: Context): string {
  const { activated, deactivated } = rotation;
  return fields(
    [
      ['scope', activated.scope],
      ['signs now', activated.kid],
      ['signs until', until(activated, context)],
      ['signed before', deactivated?.kid ?? 'none'],
      ...standbysLack(rotation),
    ],
    context.terminal,
  );
}

function until(key: KeyAnswer, { terminal }: Context): string {
  return humanTime(key.sign_until, terminal.nowSeconds);
}

function privateKey(key: KeyAnswer, { terminal }: Context): string {
  if (key.private_half_destroyed_at !== null) {
    return `destroyed ${humanTime(key.private_half_destroyed_at, terminal.nowSeconds)}`;
  }
  if (key.kept_for_forensics) return 'kept in the HSM for an investigation';
  return GOING.has(key.state) ? 'goes as soon as the HSM is there' : 'in the HSM';
}

const GOING: ReadonlySet<string> = new Set(['compromised', 'destroyed']);

/** Shorter beginnings fit a key by chance. */
const FEWEST_CHARACTERS = 6;

const WHOLE_KID = /^[\w-]{43}$/;

/** The one kid that begins like this. A whole one costs no request: the service itself knows whether there is such a key. */
export async function findKid(call: CallService, beginning: string): Promise<string> {
  return WHOLE_KID.test(beginning) ? beginning : (await findKey(call, beginning)).kid;
}

/** The key whose kid begins like this, which must be one alone. */
export async function findKey(call: CallService, beginning: string): Promise<KeyAnswer> {
  if (beginning.length < FEWEST_CHARACTERS) {
    throw failure('unknown_key', `give at least the first ${FEWEST_CHARACTERS} characters of the kid`);
  }
  const { keys } = await call<{ keys: readonly KeyAnswer[] }>('GET', '/keys');
  const [key, ...others] = keys.filter(({ kid }) => kid.startsWith(beginning));
  if (!key) throw failure('unknown_key', `no key begins with ${beginning}; see: keyward key list`);
  if (others.length === 0) return key;
  const names = [key, ...others].map(({ kid, scope }) => `${kid} (${scope})`).join(', ');
  throw failure('ambiguous_kid', `more than one key begins with ${beginning}, give more of it: ${names}`);
}

/** For what cannot be undone: a kid that was cut short is shown whole, and the person asked, or `--yes` was given. */
export async function findKidForGood(
  { terminal }: Context,
  call: CallService,
  beginning: string,
  yes: boolean,
): Promise<string> {
  if (yes || WHOLE_KID.test(beginning)) return findKid(call, beginning);
  const { kid, scope, state } = await findKey(call, beginning);
  const what = `${kid} (scope ${scope}, ${state})`;
  if (!terminal.ask) {
    throw usageFailure(
      printable(`this cannot be undone: give the whole kid, or --yes; ${beginning} is ${what}`),
    );
  }
  const answer = await terminal.ask(`${printable(what)}\nThis cannot be undone. Go on? [y/N] `);
  if (/^y(?:es)?$/i.test(answer.trim())) return kid;
  throw failure('not_confirmed', 'nothing was done');
}

/** The key of the scope that a rotation has deactivated last, and that may still be there to sign again. */
async function findFormerKey(call: CallService, scope: string): Promise<KeyAnswer> {
  const { keys } = await call<{ keys: readonly KeyAnswer[] }>(
    'GET',
    `/keys?scope=${encodeURIComponent(scope)}`,
  );
  const [former] = keys
    .filter((key) => key.state === 'deactivated' && key.private_half_destroyed_at === null)
    .toSorted((a, b) => (b.deactivated_at ?? 0) - (a.deactivated_at ?? 0));
  if (former) return former;
  throw failure('transition_forbidden', `scope ${scope} has no rotation that could be undone`);
}

function failure(code: string, message: string): CommandFailure {
  return new CommandFailure(EXIT.failed, code, printable(message));
}

export async function keyShow(context: Context, beginning: string): Promise<void> {
  const key = await findKey(await connect(context), beginning);
  show(context, { key }, () => describeKey(key, context));
}

const TIMES = [
  'created_at',
  'published_at',
  'sign_from',
  'sign_until',
  'verify_until',
  'activated_at',
  'deactivated_at',
  'suspended_at',
  'resumed_at',
  'compromised_at',
  'token_compromised_at',
  'private_half_destroyed_at',
  'destroyed_at',
] as const satisfies readonly (keyof KeyAnswer)[];

/** Without what never happened to it. */
function describeKey(key: KeyAnswer, context: Context): string {
  const times = TIMES.flatMap((name): [string, Cell][] => {
    const time = key[name];
    return time === null ? [] : [[name.replace(/_at$/, '').replaceAll('_', ' '), { time }]];
  });
  return fields(
    [
      ['kid', [key.kid, 'bold']],
      ['scope', key.scope],
      ['state', stateCell(key.state)],
      ['algorithm', key.algorithm],
      ['HSM token', key.hsm_token],
      ['HSM id', key.hsm_id],
      ['proof', stateCell(key.proof.status)],
      ...key.proof.reasons.map((reason) => ['', reason] as const),
      ['private half', privateKey(key, context)],
      ['longest token', `${key.max_ttl_seconds} s`],
      ...times,
    ],
    context.terminal,
  );
}

export type KeyAct = 'suspend' | 'resume' | 'destroy';

interface WithReason {
  readonly reason: string;
  readonly yes?: boolean;
}

export function keyAct(act: KeyAct) {
  return async (context: Context, beginning: string, given: WithReason): Promise<void> => {
    const call = await connect(context);
    const kid =
      act === 'destroy'
        ? await findKidForGood(context, call, beginning, given.yes ?? false)
        : await findKid(call, beginning);
    await perform(context, call, act, kid, given);
  };
}

export async function undoRotation(context: Context, scope: string, given: WithReason): Promise<void> {
  const call = await connect(context);
  await perform(context, call, 'undo-rotation', (await findFormerKey(call, scope)).kid, given);
}

async function perform(
  context: Context,
  call: CallService,
  act: KeyAct | 'undo-rotation',
  kid: string,
  { reason }: WithReason,
): Promise<void> {
  const answer = await call<KeyOutcomeAnswer>('POST', `/keys/${encodeURIComponent(kid)}/${act}`, { reason });
  show(context, answer, () => describeOutcome(answer, context));
}

export async function keyRotate(
  context: Context,
  scope: string,
  { reason }: { readonly reason?: string },
): Promise<void> {
  const call = await connect(context);
  const path = `/scopes/${encodeURIComponent(scope)}/rotate`;
  const answer = await call<RotationAnswer>('POST', path, reason === undefined ? {} : { reason });
  show(context, answer, () => describeRotation(answer, context));
}
