import type { Context } from '../cli/context.ts';
import { connect, withQuery } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, type Colour, fields, humanTime, table } from '../cli/text.ts';
import { safeJson } from '../lib/json.ts';
import type { SecurityEventAnswer } from './routes.ts';

const COLOURS = new Map<string, Colour>([
  ['critical', 'red'],
  ['warning', 'yellow'],
]);

function describeEvents(events: readonly SecurityEventAnswer[], { terminal }: Context): string {
  if (events.length === 0) return 'no security events';
  return table(
    ['sequence', 'severity', 'type', 'subject', 'state', 'raised'],
    events.map((event) => [
      String(event.sequence),
      severityCell(event.severity),
      [event.type, 'bold'],
      event.subject,
      event.state,
      humanTime(event.raised_at, terminal.nowSeconds),
    ]),
    terminal.colour,
  );
}

function describeEvent(event: SecurityEventAnswer, { terminal }: Context): string {
  const { nowSeconds, colour } = terminal;
  const step = (taken: SecurityEventAnswer['resolved']) => {
    if (!taken) return '-';
    const said = taken.note === null ? '' : `: ${taken.note}`;
    return `${taken.by}, ${humanTime(taken.at, nowSeconds)}${said}`;
  };
  const head = fields(
    [
      ['event', [event.type, 'bold']],
      ['severity', severityCell(event.severity)],
      ['subject', event.subject],
      ['raised', humanTime(event.raised_at, nowSeconds)],
      ['state', event.state],
      ['acknowledged', step(event.acknowledged)],
      ['resolved', step(event.resolved)],
    ],
    colour,
  );
  return `${head}\n\n${evidence(event, colour)}`;
}

function evidence({ evidence: of }: SecurityEventAnswer, colour: boolean): string {
  if (of === null) return 'the evidence was erased';
  const rows = Object.entries(of).map(([name, value]): readonly [string, Cell] => [
    name,
    typeof value === 'string' ? value : safeJson(value),
  ]);
  return fields(rows, colour);
}

export function severityCell(name: string): Cell {
  const colour = COLOURS.get(name);
  return colour === undefined ? name : [name, colour];
}

interface EventListOptions {
  readonly before?: number;
  readonly state?: string;
  readonly severity?: string;
  readonly type?: string;
  readonly scope?: string;
}

export async function eventList(context: Context, options: EventListOptions): Promise<void> {
  const call = await connect(context);
  const path = withQuery('/events', options);
  const answer = await call<{ events: readonly SecurityEventAnswer[] }>('GET', path);
  show(context, answer, () => describeEvents(answer.events, context));
}

export async function eventShow(context: Context, sequence: number): Promise<void> {
  const call = await connect(context);
  printEvent(context, await call<EventAnswer>('GET', `/events/${sequence}`));
}

/** Takes an event up, or says that it is dealt with. */
export function eventStep(step: 'acknowledge' | 'resolve') {
  return async (context: Context, sequence: number, { note }: { readonly note?: string }): Promise<void> => {
    const call = await connect(context);
    const body = note === undefined ? {} : { note };
    printEvent(context, await call<EventAnswer>('POST', `/events/${sequence}/${step}`, body));
  };
}

interface EventAnswer {
  readonly event: SecurityEventAnswer;
}

function printEvent(context: Context, answer: EventAnswer): void {
  show(context, answer, () => describeEvent(answer.event, context));
}
