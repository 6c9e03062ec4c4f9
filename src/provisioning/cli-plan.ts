import type { ClientAnswer } from '../access/cli-clients.ts';
import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT } from '../cli/failure.ts';
import { readUpTo } from '../cli/input-file.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, table } from '../cli/table.ts';
import type { Colour } from '../cli/text.ts';
import { refusalText, warnOf } from '../keys/cli-policy.ts';
import type { ScopeAnswer } from '../keys/cli-scope-output.ts';
import { policyOf } from '../keys/policy-schema.ts';
import { type Problem, summaryOf } from '../yaml-file/problem.ts';
import { newAlgorithms, withRefusals } from './cli-advice.ts';
import { compare, type Plan } from './compare.ts';
import { type Change, type Current, documentJsonSchema } from './document.ts';
import { documentOf, MAX_DOCUMENT_BYTES, readDocument, writeDocument } from './yaml.ts';

/** What has to be done so that the service is as the file says. `invalid_document` names what is wrong where. */
export async function planOf(file: string, call: CallService): Promise<Plan> {
  const read = readDocument(textOf(file));
  if (read.problems) throw invalidDocument(file, read.problems);
  const plan = compare(read.document, await currentState(call), read.locate);
  if (plan.problems) throw invalidDocument(file, plan.problems);
  return { ...plan, steps: await withRefusals(plan.steps, call) };
}

async function currentState(call: CallService): Promise<Current> {
  const { scopes } = await call<{ scopes: readonly ScopeAnswer[] }>('GET', '/scopes');
  const { clients } = await call<{ clients: readonly ClientAnswer[] }>('GET', '/clients');
  return currentOf(scopes, clients);
}

function currentOf(scopes: readonly ScopeAnswer[], clients: readonly ClientAnswer[]): Current {
  return {
    scopes: scopes.map(({ modulus_bits, hsm_token, standby_token, policy, ...scope }) => ({
      ...scope,
      modulusBits: modulus_bits,
      hsmToken: hsm_token,
      standbyToken: standby_token,
      policy: policyOf(policy),
    })),
    clients: clients.map(({ id, description, revoked_at, grants }) => ({
      id,
      description,
      revoked: revoked_at !== null,
      grants,
    })),
  };
}

/** One byte more than is allowed tells a file that is too large; `-` is standard input. */
function textOf(file: string): string {
  try {
    const bytes = readUpTo(file === '-' ? 0 : file, MAX_DOCUMENT_BYTES + 1);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8' : (error as NodeJS.ErrnoException).code;
    throw new CommandFailure(EXIT.failed, 'unreadable', `${file} cannot be read (${reason})`);
  }
}

function invalidDocument(file: string, problems: readonly Problem[]): CommandFailure {
  return new CommandFailure(
    EXIT.failed,
    'invalid_document',
    `${summaryOf(file, problems)}; nothing was changed`,
    undefined,
    problems.map(({ line, column, message }) => ({ file, line, column, message })),
  );
}

/** Text that YAML reads as that text without quotes, inside of brackets too: no sign, number or special value. */
const PLAIN = /^\p{L}[^\s,{}[\]"'#]*(?<!:)$/u;
const OTHERWISE_READ = new Set(['null', 'true', 'false']);

/** A value on one line, as YAML's flow style has it. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${name}: ${flowText(member)}`);
    return `{${members.join(', ')}}`;
  }
  if (typeof value !== 'string') return String(value);
  const plain = PLAIN.test(value) && !OTHERWISE_READ.has(value.toLowerCase());
  return plain ? value : JSON.stringify(value);
}

const SIGNS: Record<Change['action'], readonly [sign: string, colour: Colour]> = {
  create: ['+', 'green'],
  change: ['~', 'yellow'],
  remove: ['-', 'red'],
};

export const CHANGE_HEADINGS = ['', '', 'kind', 'id', 'member', 'change'] as const;

/** A line for each change, then what is left alone, then the sum. */
function describePlan({ steps, unmanaged }: Plan, { terminal }: Context): string {
  const changes = steps.flatMap((step) => step.changes);
  const left = unmanaged.map(({ kind, id, member }): readonly Cell[] => [
    ['?', 'dim'],
    kind,
    id,
    member ?? '',
  ]);
  return [
    ...(changes.length > 0 ? [table(CHANGE_HEADINGS, changes.map(changeCells), terminal)] : []),
    ...(left.length > 0 ? [table(['', 'left alone', 'id', 'member'], left, terminal)] : []),
    sumOf(changes),
  ].join('\n\n');
}

/** `!` marks what takes two persons. */
export function changeCells(change: Change): readonly Cell[] {
  const { action, kind, id, member, weakens } = change;
  return [
    SIGNS[action],
    weakens ? ['!', 'yellow'] : '',
    kind,
    [id, 'bold'],
    member ?? '',
    whatChanges(change),
  ];
}

function whatChanges({ action, kind, from, to, refuses }: Change): string {
  if (action === 'change') {
    const refusal = refuses === undefined ? undefined : refusalText(refuses);
    return `${flowText(from)} → ${flowText(to)}${refusal === undefined ? '' : `, ${refusal}`}`;
  }
  if (action === 'remove' && kind === 'client') return 'revoked permanently';
  return Object.entries(to ?? {})
    .map(([name, value]) => `${name} ${flowText(value)}`)
    .join(', ');
}

function sumOf(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Nothing to do.';
  const count = (action: Change['action']) => changes.filter((change) => change.action === action).length;
  const sum = `${count('create')} to create, ${count('change')} to change, ${count('remove')} to remove.`;
  return changes.some(({ weakens }) => weakens)
    ? `${sum}\n! waits for a second person where the service asks for two.`
    : sum;
}

/** Shows what `apply` would do. Exit code 2 where that is something. */
export async function plan(context: Context, { file }: { readonly file: string }): Promise<void> {
  const planned = await planOf(file, await connect(context).catch(neverTwo));
  const { steps, unmanaged } = planned;
  const changes = steps.flatMap((step) => step.changes);
  warnOf(context, ...newAlgorithms(changes));
  show(context, { changes, unmanaged }, () => describePlan(planned, context));
  if (steps.length > 0) context.terminal.endWith(EXIT.different);
}

/** A pipeline that asks whether something would change must not take a missing credential for it. */
function neverTwo(error: unknown): never {
  if (!(error instanceof CommandFailure) || error.exitCode !== EXIT.usage) throw error;
  throw new CommandFailure(EXIT.failed, error.code, error.message);
}

/** What the service has, in the form that `plan` and `apply` read; with --json as JSON, which they read too. */
export async function exportState(context: Context): Promise<void> {
  const document = documentOf(await currentState(await connect(context)));
  show(context, document, () => writeDocument(document).trimEnd());
}

/** JSON either way. */
export async function schema({ terminal }: Context): Promise<void> {
  terminal.print(JSON.stringify(documentJsonSchema(), null, 2));
}
