import type { TokenOutcomeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeTokenOutcome } from '../describe-token-outcome.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export interface HsmCompromiseOptions {
  readonly reason: string;
  readonly keepForForensics?: boolean;
}

export async function hsmCompromise(
  context: Context,
  token: string,
  { reason, keepForForensics = false }: HsmCompromiseOptions,
): Promise<void> {
  const call = await connect(context);
  const body = { reason, keep_for_forensics: keepForForensics };
  const answer = await call<TokenOutcomeAnswer>('POST', `/hsm/${encodeURIComponent(token)}/compromise`, body);
  show(context, answer, () => describeTokenOutcome(answer, context));
}
