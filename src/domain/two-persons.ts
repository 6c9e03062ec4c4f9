import { DECISIONS } from '../kernel/acts.ts';
import type { Operator, Role } from './client.ts';

/** Whether they stand, and hold the role. */
export function holdsRole(operator: Operator | undefined, role: Role): boolean {
  return operator !== undefined && operator.revokedAt === null && operator.roles.includes(role);
}

/** Whether there is one who may propose, and another who may approve it: otherwise nothing is done that takes two. */
export function canDecideTogether(operators: readonly Operator[]): boolean {
  return operators.some(
    (proposer) =>
      holdsRole(proposer, 'operator') &&
      operators.some((other) => other.id !== proposer.id && holdsRole(other, DECISIONS.approve)),
  );
}
