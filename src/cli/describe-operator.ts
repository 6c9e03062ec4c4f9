import type { OperatorAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { fields } from './text.ts';
import { humanTime } from './time.ts';

export function describeOperator(operator: OperatorAnswer, { terminal }: Context): string {
  const { id, roles, created_at, revoked_at } = operator;
  return fields(
    [
      ['id', [id, 'bold']],
      ['roles', roles.join(' ')],
      ['enrolled', humanTime(created_at, terminal.nowSeconds)],
      ['revoked', revoked_at === null ? '-' : [humanTime(revoked_at, terminal.nowSeconds), 'red']],
    ],
    terminal.colour,
  );
}
