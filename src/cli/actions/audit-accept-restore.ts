import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface Answer {
  readonly last_event: number;
  readonly issued_from: number;
  readonly issued_until: number;
}

export async function auditAcceptRestore(context: Context, { reason }: { reason: string }): Promise<void> {
  const call = await connect(context);
  const answer = await call<Answer>('POST', '/database/accept-restore', { reason });
  show(context, answer, () => {
    const [from, until] = [answer.issued_from, answer.issued_until].map((at) =>
      new Date(at * 1_000).toISOString(),
    );
    return (
      `Accepted: the audit trail is complete up to event ${answer.last_event}.\n` +
      `Tokens issued from ${from} to ${until} without a record are refused as record_lost.`
    );
  });
}
