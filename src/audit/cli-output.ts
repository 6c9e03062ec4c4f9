import { setTimeout as pause } from 'node:timers/promises';
import { safeJson } from '../lib/safe-json.ts';
import { paint } from '../cli/colour.ts';
import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { humanTime } from '../cli/time.ts';

interface EventAnswer {
  readonly sequence: number;
  readonly time: number;
  readonly type: string;
  readonly actor: string;
  readonly subject: string;
  readonly details: unknown;
}

const PAGE = 1_000;
const LAST = 10;
const EVERY_MS = 1_000;

/** Events in order, as they come; with `--json` one line of JSON each. */
export async function auditTail(
  context: Context,
  { after, follow }: { readonly after?: number; readonly follow: boolean },
): Promise<void> {
  const call = await connect(context);
  let last = after;
  for (;;) {
    const query = last === undefined ? `limit=${LAST}` : `after=${last}&limit=${PAGE}`;
    const { events } = await call<{ events: readonly EventAnswer[] }>('GET', `/audit?${query}`);
    for (const event of events) context.terminal.print(line(event, context));
    last = events.at(-1)?.sequence ?? last;
    if (events.length === PAGE) continue;
    if (!follow) return;
    await pause(EVERY_MS);
  }
}

function line(event: EventAnswer, { options, terminal }: Context): string {
  if (options.json) return safeJson(event);
  const { sequence, time, type, actor, subject, details } = event;
  const when = humanTime(time, terminal.nowSeconds);
  return `${sequence}  ${when}  ${paint(type, 'bold', terminal.colour)}  ${subject}  by ${actor}  ${safeJson(details)}`;
}
