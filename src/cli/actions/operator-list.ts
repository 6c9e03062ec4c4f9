import type { OperatorAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { showPlainly } from '../show.ts';
import { type Cell, table } from '../text.ts';
import { humanTime } from '../time.ts';

interface Page {
  readonly operators: readonly OperatorAnswer[];
  readonly next: string | null;
}

export async function operatorList(context: Context, { after }: { readonly after?: string }): Promise<void> {
  const call = await connect(context);
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  const page = await call<Page>('GET', `/operators${query}`);
  showPlainly(context, page, () => human(page, context));
}

function human({ operators, next }: Page, { terminal }: Context): string {
  const rows = operators.map(({ id, roles, created_at, revoked_at }): Cell[] => [
    [id, 'bold'],
    revoked_at === null ? ['enabled', 'green'] : ['revoked', 'red'],
    roles.join(' '),
    humanTime(created_at, terminal.nowSeconds),
  ]);
  const listed = table(['id', 'status', 'roles', 'enrolled'], rows, terminal.colour);
  return next === null ? listed : `${listed}\n\nThere are more: --after ${next}`;
}
