import type { Context } from '../cli/context.ts';
import { EXIT } from '../cli/failure.ts';
import { connect } from '../cli/operations-client.ts';
import { showPlainly } from '../cli/show.ts';
import type { ReloadAnswer } from './routes.ts';

export async function reload(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<ReloadAnswer>('POST', '/reload');
  if (answer.refused.length > 0) context.terminal.endWith(EXIT.failed);
  showPlainly(context, answer, () => described(answer));
}

function described({ changed, refused }: ReloadAnswer): string {
  return [
    changed.length === 0 ? 'read again; nothing else has changed' : `changed: ${changed.join(' ')}`,
    ...refused,
  ].join('\n');
}
