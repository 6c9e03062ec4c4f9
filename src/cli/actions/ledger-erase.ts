import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';

interface ErasedAnswer {
  readonly records: number;
  readonly security_events: number;
  readonly reports: number;
}

export async function ledgerErase(
  context: Context,
  { subject }: { readonly subject: string },
): Promise<void> {
  const call = await connect(context);
  const answer = await call<ErasedAnswer>('POST', '/ledger/erase', { subject });
  show(
    context,
    answer,
    () =>
      `erased in ${answer.records} records, ${answer.security_events} security events and ${answer.reports} reports`,
  );
}
