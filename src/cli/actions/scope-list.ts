import type { ScopeAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { connect } from '../operations-client.ts';
import { show } from '../show.ts';
import { table } from '../text.ts';
import { humanTime } from '../time.ts';

export async function scopeList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ scopes: readonly ScopeAnswer[] }>('GET', '/scopes');
  show(context, answer, () => human(answer.scopes, context));
}

function human(scopes: readonly ScopeAnswer[], { terminal }: Context): string {
  if (scopes.length === 0) return 'no scopes; make one with: keyward scope create';
  return table(
    ['id', 'algorithm', 'issuer', 'audience', 'created'],
    scopes.map(({ id, algorithm, issuer, audience, created_at }) => [
      [id, 'bold'],
      algorithm,
      issuer,
      audience,
      humanTime(created_at, terminal.nowSeconds),
    ]),
    terminal.colour,
  );
}
