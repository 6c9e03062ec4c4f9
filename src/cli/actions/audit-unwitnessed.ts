import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly hash: string;
}

export async function auditUnwitnessed(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ unwitnessed: readonly Range[] }>('GET', '/audit/unwitnessed');
  show(context, answer, () =>
    answer.unwitnessed.length === 0
      ? 'Every audit event has a witness, or was confirmed.'
      : answer.unwitnessed.map(lineOf).join('\n'),
  );
}

export async function auditConfirmUnwitnessed(
  context: Context,
  { reason }: { reason: string },
): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ confirmed: readonly Range[] }>('POST', '/audit/confirm-unwitnessed', {
    reason,
  });
  show(context, answer, () =>
    answer.confirmed.length === 0
      ? 'Nothing was to be confirmed.'
      : `Confirmed:\n${answer.confirmed.map(lineOf).join('\n')}\nRows of the registry follow with the next start.`,
  );
}

function lineOf({ from, to, hash }: Range): string {
  return `events ${from} to ${to}, the last one with hash ${hash}`;
}
