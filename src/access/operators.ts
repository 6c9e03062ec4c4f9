import type { Actor, OperatorAdministration } from '../domain/access.ts';
import type { AccessStore } from '../domain/access-store.ts';
import { type Operator, ROLES, type Role } from '../domain/client.ts';
import type { Clock } from '../domain/clock.ts';
import { KeywardError } from '../domain/errors.ts';
import { makeCredential } from './credential.ts';
import type { Directory } from './directory.ts';
import { IDENTIFIER_ADVICE, isIdentifier } from './identifier.ts';

export function createOperators(
  store: Pick<AccessStore, 'addOperator'>,
  directory: Directory,
  clock: Clock,
): OperatorAdministration {
  return {
    async create({ id, roles }, actor: Actor) {
      refuseInvalid(id, roles);
      const createdAt = clock.nowSeconds();
      const operator: Operator = { id, roles: [...roles], createdAt, revokedAt: null };
      const { text, digest, kind } = makeCredential('ops');
      await store.addOperator(operator, digest, actor);
      directory.putOperator(operator);
      directory.putCredential({ kind, digest, holderId: id, createdAt, revokedAt: null });
      return { operator, credential: text };
    },
    list: () => directory.operators(),
  };
}

function refuseInvalid(id: string, roles: readonly Role[]): void {
  if (!isIdentifier(id)) throw new KeywardError('invalid_operator', IDENTIFIER_ADVICE);
  const named = new Set(roles);
  if (named.size > 0 && named.size === roles.length && roles.every((role) => ROLES.includes(role))) return;
  throw new KeywardError('invalid_operator', `roles: name one or more of ${ROLES.join(', ')}, each once`);
}
