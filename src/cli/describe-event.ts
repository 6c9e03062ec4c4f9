import { safeJson } from '../lib/safe-json.ts';
import type { EventStepAnswer, SecurityEventAnswer } from './answers.ts';
import type { Colour } from './colour.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './text.ts';
import { humanTime } from './time.ts';

const COLOURS = new Map<string, Colour>([
  ['critical', 'red'],
  ['warning', 'yellow'],
]);

export function describeEvents(events: readonly SecurityEventAnswer[], { terminal }: Context): string {
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

export function describeEvent(event: SecurityEventAnswer, { terminal }: Context): string {
  const { nowSeconds, colour } = terminal;
  const step = (taken: EventStepAnswer | null) => {
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
