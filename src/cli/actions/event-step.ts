import type { SecurityEventAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeEvent } from '../describe-event.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export async function eventShow(context: Context, sequence: number): Promise<void> {
  const call = await connect(context);
  tell(context, await call<EventAnswer>('GET', `/events/${sequence}`));
}

/** Takes an event up, or says that it is dealt with. */
export async function eventStep(
  context: Context,
  sequence: number,
  step: 'acknowledge' | 'resolve',
  { note }: { readonly note?: string },
): Promise<void> {
  const call = await connect(context);
  const body = note === undefined ? {} : { note };
  tell(context, await call<EventAnswer>('POST', `/events/${sequence}/${step}`, body));
}

interface EventAnswer {
  readonly event: SecurityEventAnswer;
}

function tell(context: Context, answer: EventAnswer): void {
  show(context, answer, () => describeEvent(answer.event, context));
}
