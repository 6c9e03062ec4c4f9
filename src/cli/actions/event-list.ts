import type { SecurityEventAnswer } from '../answers.ts';
import type { Colour } from '../colour.ts';
import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';
import { type Cell, table } from '../table.ts';
import { humanTime } from '../time.ts';

export async function eventList(context: Context, { before }: { readonly before?: number }): Promise<void> {
  const call = await connect(context);
  const query = before === undefined ? '' : `?before=${before}`;
  const answer = await call<{ events: readonly SecurityEventAnswer[] }>('GET', `/events${query}`);
  show(context, answer, () => human(answer.events, context));
}

function human(events: readonly SecurityEventAnswer[], { terminal }: Context): string {
  if (events.length === 0) return 'no security events';
  return table(
    ['sequence', 'severity', 'type', 'subject', 'raised'],
    events.map((event) => [
      String(event.sequence),
      severity(event),
      [event.type, 'bold'],
      event.subject,
      humanTime(event.raised_at, terminal.nowSeconds),
    ]),
    terminal.colour,
  );
}

const COLOURS = new Map<string, Colour>([
  ['critical', 'red'],
  ['warning', 'yellow'],
]);

function severity({ severity: name }: SecurityEventAnswer): Cell {
  const colour = COLOURS.get(name);
  return colour === undefined ? name : [name, colour];
}
