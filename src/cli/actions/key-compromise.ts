import type { KeyOutcomeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeOutcome } from '../describe-outcome.ts';
import { findKey } from '../find-key.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export interface CompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
}

export async function keyCompromise(
  context: Context,
  beginning: string,
  { reason, keepForForensics = false }: CompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const { kid } = await findKey(call, beginning);
  const answer = await call<KeyOutcomeAnswer>('POST', `/keys/${encodeURIComponent(kid)}/compromise`, {
    reason,
    keep_for_forensics: keepForForensics,
  });
  show(context, answer, () => describeOutcome(answer, context));
}
