import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, instantCell, table } from '../cli/table.ts';
import { type Colour, humanTime } from '../cli/text.ts';
import { printable } from '../lib/html.ts';
import type { ProbeAnswer } from './routes.ts';

const VERDICTS: Readonly<Record<string, Colour>> = { right: 'green', wrong: 'red', unclear: 'yellow' };
const NOT_SENT: Cell = ['not sent', 'yellow'];

/** One verifier, and what it answered to each token. */
function describeProbe(probe: ProbeAnswer, { terminal }: Context): string {
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
    terminal,
  );
  const rows = [
    ...probe.answers.map((answer): Cell[] => [
      answer.probe,
      verdict(answer.verdict),
      String(answer.status ?? '-'),
      { time: answer.at },
      answer.why ?? '-',
    ]),
    ...probe.not_sent.map((unsent): Cell[] => [unsent.probe, NOT_SENT, '-', '-', unsent.why]),
  ];
  return [
    about,
    ...(probe.answers.length === 0 ? ['nothing was sent since the service started'] : []),
    ...(rows.length === 0 ? [] : [table(['token', 'verdict', 'status', 'sent', 'why'], rows, terminal)]),
  ].join('\n\n');
}

/** A line for each verifier, and what none of the answers tells. */
function describeProbes(probes: readonly ProbeAnswer[], { terminal }: Context): string {
  if (probes.length === 0) return 'no verifier is probed; name one with: keyward client probe set';
  const lines = table(
    ['client', 'scope', 'verdict', 'not as it must be', 'not sent', 'next', 'url'],
    probes.map((probe) => [
      [probe.client, 'bold'],
      probe.scope,
      overall(probe),
      probe.answers.flatMap((answer) => (answer.verdict === 'right' ? [] : [answer.probe])).join(', ') || '-',
      probe.not_sent.map((unsent) => unsent.probe).join(', ') || '-',
      instantCell(probe.next_at),
      probe.url,
    ]),
    terminal,
  );
  const reasons = new Set(
    probes.flatMap(({ not_sent }) => not_sent.map(({ probe, why }) => `${probe} is not sent: ${why}`)),
  );
  return [lines, ...(reasons.size === 0 ? [] : [[...reasons].map(printable).join('\n')])].join('\n\n');
}

/** Who was not sent everything is not `right`, however it answered the rest. */
function overall({ answers, not_sent, next_at }: ProbeAnswer): Cell {
  if (next_at === null) return ['may not verify', 'dim'];
  if (answers.length === 0) return ['not probed yet', 'dim'];
  const worst = ['wrong', 'unclear'].find((each) => answers.some((answer) => answer.verdict === each));
  if (worst === undefined && not_sent.length > 0) return ['incomplete', 'yellow'];
  return verdict(worst ?? 'right');
}

function verdict(name: string): Cell {
  return [name, VERDICTS[name] ?? 'dim'];
}

interface Place {
  readonly client: string;
  readonly scope: string;
}

const pathOf = (client: string) => `/clients/${encodeURIComponent(client)}/probe`;

export async function probeSet(context: Context, client: string, scope: string, url: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ probe: ProbeAnswer }>('POST', pathOf(client), { scope, url });
  show(context, answer, () => describeProbe(answer.probe, context));
}

export async function probeRemove(context: Context, client: string, scope: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<Place>('DELETE', pathOf(client), { scope });
  show(context, answer, () => `${answer.client} is not probed for ${answer.scope} any more`);
}

export async function probeList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ probes: readonly ProbeAnswer[] }>('GET', '/probes');
  show(context, answer, () => describeProbes(answer.probes, context));
}

/** Scripts see by the exit code whether the verifier does what it must. */
export async function probeRun(context: Context, client: string, scope: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ probe: ProbeAnswer }>('POST', `${pathOf(client)}/run`, { scope });
  if (answer.probe.answers.some(({ verdict }) => verdict !== 'right')) context.terminal.endWith(EXIT.failed);
  show(context, answer, () => describeProbe(answer.probe, context));
}
