import type { Context } from '../cli/context.ts';
import { memberFields } from '../cli/members.ts';
import { connect } from '../cli/operations-client.ts';
import { more, type Paging, pages, requireScope } from '../cli/pages.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, type Page, subjectCell, table } from '../cli/table.ts';
import { type Colour, humanTime } from '../cli/text.ts';
import { eventType, SECURITY_EVENTS } from '../kernel/security-event-types.ts';
import type { EventPageAnswer, SecurityEventAnswer } from './routes.ts';

const COLOURS = new Map<string, Colour>([
  ['critical', 'red'],
  ['warning', 'yellow'],
]);

function describeEvents(events: readonly SecurityEventAnswer[], { terminal }: Context): string {
  if (events.length === 0) return 'no security events';
  return table(
    ['event', 'severity', 'type', 'subject', 'state', 'raised'],
    events.map((event) => [
      String(event.sequence),
      severityCell(event.severity),
      [event.type, 'bold'],
      subjectCell(event.subject),
      event.state,
      { time: event.raised_at },
    ]),
    terminal,
  );
}

function describeEvent(event: SecurityEventAnswer, { terminal }: Context): string {
  const { nowSeconds } = terminal;
  const step = (taken: SecurityEventAnswer['resolved']) => {
    if (!taken) return '-';
    const said = taken.note === null ? '' : `: ${taken.note}`;
    return `${taken.by}, ${humanTime(taken.at, nowSeconds)}${said}`;
  };
  const head = fields(
    [
      ['event', [String(event.sequence), 'bold']],
      ['type', [event.type, 'bold']],
      ['severity', severityCell(event.severity)],
      ['subject', event.subject],
      ['raised', humanTime(event.raised_at, nowSeconds)],
      ['state', event.state],
      ['acknowledged', step(event.acknowledged)],
      ['resolved', step(event.resolved)],
      ...guidance(event),
    ],
    terminal,
  );
  return `${head}\n\n${evidence(event, terminal)}`;
}

/** What it means and what to do; of a type that this version knows. */
function guidance({ type }: SecurityEventAnswer): readonly (readonly [name: string, value: Cell])[] {
  if (!Object.hasOwn(SECURITY_EVENTS, type)) return [];
  const { meaning, runbook } = eventType(type);
  return [
    ['meaning', meaning],
    ['runbook', `docs/runbooks/${runbook}`],
  ];
}

function evidence({ evidence: of }: SecurityEventAnswer, page: Page): string {
  if (of === null) return 'the evidence was erased';
  return Object.keys(of).length === 0 ? 'no evidence' : fields(memberFields(of), page);
}

export function severityCell(name: string): Cell {
  const colour = COLOURS.get(name);
  return colour === undefined ? name : [name, colour];
}

interface EventListOptions extends Paging<number> {
  readonly from?: number;
  readonly to?: number;
  readonly state?: string;
  readonly severity?: string;
  readonly type?: string;
  readonly scope?: string;
}

export async function eventList(context: Context, options: EventListOptions): Promise<void> {
  const call = await connect(context);
  const answer: EventPageAnswer = await pages(call, '/events', 'events', options);
  if (answer.events.length === 0) await requireScope(call, options.scope);
  show(context, answer, () => describeEvents(answer.events, context) + more(answer.next));
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
