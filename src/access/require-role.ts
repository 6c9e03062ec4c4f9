import type { Operator, Role } from '../domain/client.ts';
import { KeywardError } from '../kernel/errors.ts';
import { holdsRole } from '../domain/two-persons.ts';

/** `role_missing` for who stands no more, and for who does not hold the role. */
export function requireRole(operator: Operator | undefined, role: Role): void {
  if (holdsRole(operator, role)) return;
  throw new KeywardError('role_missing', `this needs the role ${role}`);
}
