import type { RevocationAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeRevocations } from '../describe-revocations.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

export interface RevokeOptions {
  readonly jti?: string;
  readonly root?: string;
  readonly client?: string;
  readonly scope?: string;
  readonly from?: number;
  readonly until?: number;
  readonly reason?: string;
}

export async function revoke(context: Context, { from, until, ...named }: RevokeOptions): Promise<void> {
  const call = await connect(context);
  const rule = { ...named, issued_from: from, issued_until: until };
  const answer = await call<{ revocation: RevocationAnswer }>('POST', '/revocations', rule);
  show(context, answer, () => describeRevocations([answer.revocation], context));
}
