import type { ProbeAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './table.ts';
import { humanTime } from './time.ts';

const VERDICTS: Readonly<Record<string, Colour>> = { right: 'green', wrong: 'red', unclear: 'yellow' };

/** One verifier, and what it answered to each token. */
export function describeProbe(probe: ProbeAnswer, { terminal }: Context): string {
  const time = (at: number | null) => (at === null ? '-' : humanTime(at, terminal.nowSeconds));
  const about = fields(
    [
      ['client', [probe.client, 'bold']],
      ['scope', probe.scope],
      ['url', probe.url],
      ['set', time(probe.set_at)],
      ['expired token due', time(probe.expired_due_at)],
      ['next', probe.next_at === null ? 'not while it may not verify' : time(probe.next_at)],
    ],
    terminal.colour,
  );
  if (probe.answers.length === 0) return `${about}\n\nnothing was sent since the service started`;
  const answers = table(
    ['token', 'verdict', 'status', 'sent', 'why'],
    probe.answers.map((answer) => [
      answer.probe,
      verdict(answer.verdict),
      String(answer.status ?? '-'),
      time(answer.at),
      answer.why ?? '-',
    ]),
    terminal.colour,
  );
  return `${about}\n\n${answers}`;
}

/** A line for each verifier. */
export function describeProbes(probes: readonly ProbeAnswer[], { terminal }: Context): string {
  if (probes.length === 0) return 'no verifier is probed; name one with: keyward client probe set';
  return table(
    ['client', 'scope', 'verdict', 'not as it must be', 'next', 'url'],
    probes.map((probe) => [
      [probe.client, 'bold'],
      probe.scope,
      overall(probe),
      probe.answers.flatMap((answer) => (answer.verdict === 'right' ? [] : [answer.probe])).join(', ') || '-',
      probe.next_at === null ? '-' : humanTime(probe.next_at, terminal.nowSeconds),
      probe.url,
    ]),
    terminal.colour,
  );
}

function overall({ answers, next_at }: ProbeAnswer): Cell {
  if (next_at === null) return ['may not verify', 'dim'];
  if (answers.length === 0) return ['not probed yet', 'dim'];
  const worst = ['wrong', 'unclear'].find((each) => answers.some((answer) => answer.verdict === each));
  return verdict(worst ?? 'right');
}

function verdict(name: string): Cell {
  return [name, VERDICTS[name] ?? 'dim'];
}
