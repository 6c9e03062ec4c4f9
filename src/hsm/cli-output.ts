import type { Context } from '../cli/context.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

interface Answer {
  readonly token: string;
  readonly open: boolean;
}

export async function hsmClearLatch(context: Context, token: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<Answer>('POST', `/hsm/${encodeURIComponent(token)}/clear-latch`);
  show(context, answer, () =>
    answer.open
      ? `The HSM token ${token} is open.`
      : `The HSM token ${token} is still closed; the service's log says why.`,
  );
}
