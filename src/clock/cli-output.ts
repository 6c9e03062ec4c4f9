import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { isoInstant } from '../lib/instant.ts';
import type { ConfirmedClockAnswer } from './routes.ts';

export async function clockConfirm(context: Context, { reason }: { reason: string }): Promise<void> {
  const call = await connect(context);
  const time = context.terminal.nowSeconds;
  const answer = await call<ConfirmedClockAnswer>('POST', '/clock/confirm', { time, reason });
  show(context, answer, () => `Trusted: the clock of the service shows ${isoInstant(answer.wall)}.`);
}
