import type { CompromiseAnswer, SharesAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { stateCell } from './describe-keys.ts';
import { type Cell, fields, table } from './text.ts';
import { humanTime } from './time.ts';

/** What a compromise hits: tokens that were alive, who has them, who verifies, what else lies on the HSM token. */
export function describeCompromise(compromise: CompromiseAnswer, context: Context): string {
  const { use, verifiers, other_keys } = compromise;
  const { colour } = context.terminal;
  return [
    fields(summary(compromise, context), colour),
    ...(use ? [shares('client', use.clients, colour), shares('subject', use.subjects, colour)] : []),
    ...(verifiers.length > 0
      ? [table(['verifier', 'instance', 'obeyed'], verifiers.map(obeyed), colour)]
      : []),
    ...(other_keys.listed.length > 0
      ? [
          table(
            ['on the same HSM token', 'scope', 'state'],
            other_keys.listed.map(({ kid, scope, state }): Cell[] => [kid, scope, stateCell(state)]),
            colour,
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

function shares(heading: string, { listed, more: others }: SharesAnswer, colour: boolean): string {
  if (listed.length === 0) return '';
  const rows = listed.map(({ name, tokens }): Cell[] => [name, String(tokens)]);
  return table([heading, 'live tokens'], rows, colour) + more(others);
}

function obeyed({ client, instance, connected, took_ms }: CompromiseAnswer['verifiers'][number]): Cell[] {
  if (took_ms !== null) return [client, instance, [`after ${Math.round(took_ms)} ms`, 'green']];
  return [client, instance, connected ? ['not yet', 'yellow'] : ['not connected', 'dim']];
}

function more(count: number): string {
  return count === 0 ? '' : `\nand ${count} more`;
}
