import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { askOpenly, type CallService, operationsAt, prepare } from '../cli/operations-client.ts';
import { showPlainly } from '../cli/show.ts';
import { type Cell, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import { HOUR_SECONDS, humanInstant, humanSpan, plural } from '../lib/instant.ts';

/** `warn` is for the next working day, `fail` for now. */
type Level = 'ok' | 'warn' | 'fail';

interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly summary: string;
  /** What shows more. */
  readonly see: string;
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const MOST = 1_000;
/** A key that signs for less than this should have been rotated. */
const DUE_SECONDS = 24 * HOUR_SECONDS;
/** A checkpoint is signed each minute. */
const CHECKPOINT_SECONDS = 10 * 60;

/** All at once, by what any operator may read. */
export async function status(context: Context): Promise<void> {
  const { url, credential, file, context: name } = await prepare(context);
  const call = operationsAt(url, credential, { file, terminal: context.terminal });
  const { nowSeconds } = context.terminal;
  const checks = (
    await Promise.all([
      readiness(url),
      events(call),
      keys(call, nowSeconds),
      proposals(call, nowSeconds),
      hsmTokens(call, nowSeconds),
      checkpoint(url),
      rehearsals(call, nowSeconds),
    ])
  ).flat();
  const worst =
    (['fail', 'warn'] as const).find((level) => checks.some((each) => each.level === level)) ?? 'ok';
  const answer = { status: worst, service: url.origin, context: name, at: humanInstant(nowSeconds), checks };
  showPlainly(context, answer, () => {
    const rows = checks.map(({ level, check, summary, see }): Cell[] => [
      [level, COLOURS[level]],
      check,
      summary,
      level === 'ok' ? '' : see,
    ]);
    const head = `${url.origin}${name === null ? '' : ` (context ${name})`}`;
    return `${head}\n\n${table(['', 'check', 'what', 'see'], rows, context.terminal)}\n\n${SUMS[worst]}`;
  });
  if (worst === 'fail') context.terminal.endWith(EXIT.failed);
}

const SUMS = {
  ok: 'Nothing is wrong.',
  warn: 'Nothing is wrong that cannot wait; see to the warnings.',
  fail: 'Something is wrong.',
} as const;

async function readiness(url: URL): Promise<Finding> {
  const { ok, text } = await askOpenly(url, 'readyz');
  const check = 'ready';
  const see = 'keyward doctor';
  if (ok) return { check, level: 'ok', summary: 'signs, records and verifies', see };
  return { check, level: 'fail', summary: `not ready: ${failing(text)}`, see };
}

function failing(text: string): string {
  try {
    const { checks = [], detail = 'no reason given' } = JSON.parse(text) as {
      readonly checks?: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
      readonly detail?: string;
    };
    const failed = checks.filter(({ ok }) => !ok).map((each) => `${each.name}: ${each.detail}`);
    return failed.join('; ') || detail;
  } catch {
    return 'it does not answer as Keyward does';
  }
}

async function events(call: CallService): Promise<Finding> {
  const found = await call<{ events: readonly { readonly severity: string }[] }>(
    'GET',
    `/events?state=open&limit=${MOST}`,
  );
  const count = (severity: string) => found.events.filter((event) => event.severity === severity).length;
  const [critical, warning, info] = ['critical', 'warning', 'info'].map(count);
  const summary =
    found.events.length === 0 ? 'none open' : `open: ${critical} critical, ${warning} warning, ${info} info`;
  const level = critical ? 'fail' : warning ? 'warn' : 'ok';
  return { check: 'events', level, summary, see: 'keyward event list --state open' };
}

interface Scope {
  readonly id: string;
  readonly standby_token: string | null;
}

interface Key {
  readonly scope: string;
  readonly state: string;
  readonly hsm_token: string;
  readonly sign_until: number;
  readonly proof: { readonly status: string };
}

/** Each scope signs with one key and has another ready, on another HSM token where it should be. */
async function keys(call: CallService, nowSeconds: number): Promise<Finding> {
  const { scopes } = await call<{ scopes: readonly Scope[] }>('GET', '/scopes');
  const { keys: all, refused } = await call<{ keys: readonly Key[]; refused: readonly unknown[] }>(
    'GET',
    '/keys',
  );
  const lacking = (state: string) =>
    scopes
      .filter(({ id }) => !all.some((key) => key.scope === id && key.state === state))
      .map(({ id }) => id);
  const active = all.filter(({ state }) => state === 'active');
  const due = active
    .filter(({ sign_until }) => sign_until - nowSeconds < DUE_SECONDS)
    .map(({ scope }) => scope);
  const doubtful = all.filter(
    ({ proof }) => proof.status === 'unproven' || proof.status === 'missing',
  ).length;
  const [silent, alone] = [lacking('active'), lacking('pre_activation')];
  const wrong = [
    ...(silent.length > 0 ? [`no key signs for ${silent.join(', ')}`] : []),
    ...(due.length > 0 ? [`due within a day: ${due.join(', ')}`] : []),
    ...(doubtful > 0 ? [`${plural(doubtful, 'key')} not proven`] : []),
    ...(refused.length > 0 ? [`${plural(refused.length, 'row')} refused`] : []),
  ];
  const see = 'keyward key list';
  if (wrong.length > 0) return { check: 'keys', level: 'fail', summary: wrong.join('; '), see };
  const beside = scopes
    .filter(({ id, standby_token }) => standby_token !== null && !alone.includes(id) && !isApart(id, all))
    .map(({ id }) => id);
  const missing = [
    ...(alone.length > 0 ? [`no standby for ${alone.join(', ')}`] : []),
    ...(beside.length > 0 ? [`no standby on another HSM token for ${beside.join(', ')}`] : []),
  ];
  if (missing.length > 0) return { check: 'keys', level: 'warn', summary: missing.join('; '), see };
  const next = Math.min(...active.map(({ sign_until }) => sign_until));
  const until = active.length === 0 ? '' : `, the first signs until ${humanTime(next, nowSeconds)}`;
  return {
    check: 'keys',
    level: 'ok',
    summary: `${plural(all.length, 'key')} of ${plural(scopes.length, 'scope')}${until}`,
    see,
  };
}

function isApart(scope: string, keys: readonly Key[]): boolean {
  const own = keys.filter((key) => key.scope === scope);
  const active = own.find(({ state }) => state === 'active');
  return own.some(({ state, hsm_token }) => state === 'pre_activation' && hsm_token !== active?.hsm_token);
}

async function proposals(call: CallService, nowSeconds: number): Promise<Finding> {
  const { proposals: waiting } = await call<{
    proposals: readonly { readonly expires_at: number }[];
  }>('GET', `/proposals?state=open&limit=${MOST}`);
  const open = waiting.map(({ expires_at }) => expires_at);
  const see = 'keyward proposal list';
  if (open.length === 0) return { check: 'proposals', level: 'ok', summary: 'none waits', see };
  const first = humanTime(Math.min(...open), nowSeconds);
  return {
    check: 'proposals',
    level: 'warn',
    summary: `${open.length} waiting, the first expires ${first}`,
    see,
  };
}

interface Inventory {
  readonly hsm_token: string;
  readonly taken_at: number;
  readonly expected: number;
  readonly proven: number;
  readonly findings: readonly { readonly kind: string }[];
}

async function hsmTokens(call: CallService, nowSeconds: number): Promise<readonly Finding[]> {
  const { inventories } = await call<{ inventories: readonly Inventory[] }>('GET', '/inventory');
  return inventories.map(({ hsm_token, taken_at, expected, proven, findings }) => {
    const differing = findings.filter(({ kind }) => kind !== 'leftover').length;
    const differs = differing === 0 ? '' : `, ${plural(differing, 'finding')}`;
    return {
      check: `HSM ${hsm_token}`,
      level: differing === 0 && proven === expected ? 'ok' : 'fail',
      summary: `${proven} of ${expected} keys proven${differs}, looked at ${humanTime(taken_at, nowSeconds)}`,
      see: 'keyward hsm inventory',
    };
  });
}

const AGE = /^keyward_checkpoint_age_seconds(?:\{[^}]*\})? (\S+)$/m;

async function checkpoint(url: URL): Promise<Finding> {
  const { text } = await askOpenly(url, 'metrics');
  const age = Number(AGE.exec(text)?.[1] ?? Number.NaN);
  const see = 'keyward audit verify';
  if (Number.isNaN(age)) return { check: 'checkpoint', level: 'warn', summary: 'there is none yet', see };
  const level = age > CHECKPOINT_SECONDS ? 'fail' : 'ok';
  return { check: 'checkpoint', level, summary: `the last is ${humanSpan(Math.round(age))} old`, see };
}

async function rehearsals(call: CallService, nowSeconds: number): Promise<readonly Finding[]> {
  const { overdue_at } = await call<{ readonly overdue_at: number }>('GET', '/reviews');
  const { standings } = await call<{
    standings: readonly { readonly drill: string; readonly overdue_at: number }[];
  }>('GET', '/drills');
  const late = standings.filter((each) => each.overdue_at < nowSeconds).map(({ drill }) => drill);
  const isReviewLate = overdue_at < nowSeconds;
  return [
    {
      check: 'review',
      level: isReviewLate ? 'warn' : 'ok',
      summary: `${isReviewLate ? 'overdue since' : 'next by'} ${humanTime(overdue_at, nowSeconds)}`,
      see: 'keyward review',
    },
    {
      check: 'drills',
      level: late.length > 0 ? 'warn' : 'ok',
      summary: late.length > 0 ? `overdue: ${late.join(', ')}` : 'none is overdue',
      see: 'keyward drill list',
    },
  ];
}
