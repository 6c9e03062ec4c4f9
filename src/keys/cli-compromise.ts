import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../cli/context.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, kidCell, type Page, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import { describeOutcome, findKid, findKidForGood, stateCell } from './cli-output.ts';
import type { CompromiseAnswer, SharesAnswer } from './routes/compromise.ts';
import type { KeyOutcomeAnswer } from './routes/wire.ts';

/** What a compromise hits: tokens that were alive, who has them, who verifies, what else lies on the HSM token. */
function describeCompromise(compromise: CompromiseAnswer, context: Context): string {
  const { use, verifiers, other_keys } = compromise;
  const { terminal } = context;
  return [
    fields(summary(compromise, context), terminal),
    ...(use ? [shares('client', use.clients, terminal), shares('subject', use.subjects, terminal)] : []),
    ...(verifiers.length > 0
      ? [table(['verifier', 'instance', 'obeyed'], verifiers.map(obeyed), terminal)]
      : []),
    ...(other_keys.listed.length > 0
      ? [
          table(
            ['on the same HSM token', 'scope', 'state'],
            other_keys.listed.map(({ kid, scope, state }): Cell[] => [kidCell(kid), scope, stateCell(state)]),
            terminal,
          ) + more(other_keys.more),
        ]
      : []),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function summary({ use, verifiers, compromised_at }: CompromiseAnswer, { terminal }: Context) {
  const time = (seconds: number | null) => (seconds === null ? '-' : humanTime(seconds, terminal.nowSeconds));
  const pairs: [string, Cell][] = [['compromised', time(compromised_at)]];
  if (!use) pairs.push(['live tokens', ['still being counted; ask again', 'yellow']]);
  else {
    const atLeast = use.complete ? '' : 'at least ';
    pairs.push(
      ['live tokens', `${atLeast}${use.live_tokens}`],
      ['first issued', time(use.first_issued_at)],
      ['last issued', time(use.last_issued_at)],
    );
  }
  const connected = verifiers.filter((verifier) => verifier.connected);
  const obeying = connected.filter(({ took_ms }) => took_ms !== null);
  pairs.push(['verifiers', `${obeying.length} of ${connected.length} connected ones have obeyed`]);
  return pairs;
}

function shares(heading: string, { listed, more: others }: SharesAnswer, page: Page): string {
  if (listed.length === 0) return '';
  const rows = listed.map(({ name, tokens }): Cell[] => [name, String(tokens)]);
  return table([heading, 'live tokens'], rows, page) + more(others);
}

function obeyed({ client, instance, connected, took_ms }: CompromiseAnswer['verifiers'][number]): Cell[] {
  if (took_ms !== null) return [client, instance, [`after ${Math.round(took_ms)} ms`, 'green']];
  return [client, instance, connected ? ['not yet', 'yellow'] : ['not connected', 'dim']];
}

function more(count: number): string {
  return count === 0 ? '' : `\nand ${count} more`;
}

interface CompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
  readonly yes?: boolean;
  /** Seconds to wait for verifiers. */
  readonly wait: number;
}

const POLL_EVERY_MS = 200;

interface Hit {
  readonly compromise: CompromiseAnswer;
}

/** Says at once what became of the key, and then what is hit and who has obeyed. */
export async function keyCompromise(
  context: Context,
  beginning: string,
  { reason, keepForForensics = false, wait, yes = false }: CompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const kid = await findKidForGood(context, call, beginning, yes);
  const body = { reason, keep_for_forensics: keepForForensics };
  const path = `/keys/${encodeURIComponent(kid)}/compromise`;
  const outcome = await call<KeyOutcomeAnswer & Hit>('POST', path, body);
  const { json } = context.options;
  if (!json) context.terminal.print(`${describeOutcome(outcome, context)}\n`);
  const compromise = await untilObeyed(call, path, outcome.compromise, wait);
  show(context, { ...outcome, compromise }, () => describeCompromise(compromise, context));
}

export async function keyBlastRadius(context: Context, beginning: string): Promise<void> {
  const call = await connect(context);
  const kid = await findKid(call, beginning);
  const answer = await call<Hit>('GET', `/keys/${encodeURIComponent(kid)}/compromise`);
  show(context, answer, () => describeCompromise(answer.compromise, context));
}

async function untilObeyed(
  call: CallService,
  path: string,
  first: CompromiseAnswer,
  wait: number,
): Promise<CompromiseAnswer> {
  let latest = first;
  for (let polls = (wait * 1_000) / POLL_EVERY_MS; polls >= 1 && !isSettled(latest); polls -= 1) {
    await pause(POLL_EVERY_MS);
    ({ compromise: latest } = await call<Hit>('GET', path));
  }
  return latest;
}

function isSettled({ use, verifiers }: CompromiseAnswer): boolean {
  return use !== null && verifiers.every(({ connected, took_ms }) => !connected || took_ms !== null);
}
