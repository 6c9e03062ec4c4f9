import { z } from 'zod';
import type { Operator, OperatorAdministration } from '../../kernel/actor.ts';
import type { Act, AnyAct } from '../../kernel/acts.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { validated } from '../../server/read-body.ts';
import { validateOperator } from '../operators.ts';
import { newCredential, requireDigest } from './client-acts.ts';
import { credentialRequest, operatorRepresentation, operatorRequest, rolesRequest } from './wire.ts';

function createOperator(
  operators: OperatorAdministration,
): Act<'operator.create', z.infer<typeof operatorRequest>> {
  return {
    name: 'operator.create',
    read: (given) => validated(operatorRequest, given),
    plan({ id, roles, credential_digest }) {
      validateOperator({ id, roles });
      if (operators.list().some((operator) => operator.id === id)) {
        throw new KeywardError('operator_exists', `There is an operator ${id} already; choose another id.`);
      }
      return { subject: `operator:${id}`, before: null, after: { id, roles, credential_digest } };
    },
    requireKeepable: ({ credential_digest }) => requireDigest(credential_digest),
    async execute({ id, roles, credential_digest }, actor) {
      const { digest, shown } = newCredential('ops', credential_digest);
      const { operator } = await operators.enrol({ id, roles, digest }, actor);
      return { operator: operatorRepresentation(operator), ...shown };
    },
  };
}

const credentialParameters = credentialRequest.extend({ operator: z.string() });

function replaceOperatorCredential(
  operators: OperatorAdministration,
): Act<'operator.credential', z.infer<typeof credentialParameters>> {
  return {
    name: 'operator.credential',
    read: (given) => validated(credentialParameters, given),
    plan({ operator: id, credential_digest }) {
      standing(operators, id);
      return { subject: `operator:${id}`, before: { id }, after: { id, credential_digest } };
    },
    requireKeepable: ({ credential_digest }) => requireDigest(credential_digest),
    async execute({ operator: id, credential_digest }, actor) {
      const { digest, shown } = newCredential('ops', credential_digest);
      const operator = await operators.replaceCredential(id, digest, actor);
      return { operator: operatorRepresentation(operator), ...shown };
    },
  };
}

const rolesParameters = rolesRequest.extend({ operator: z.string() });

function setOperatorRoles(
  operators: OperatorAdministration,
): Act<'operator.roles', z.infer<typeof rolesParameters>> {
  return {
    name: 'operator.roles',
    read: (given) => validated(rolesParameters, given),
    plan({ operator: id, roles }) {
      const operator = standing(operators, id);
      validateOperator({ id, roles });
      return {
        subject: `operator:${id}`,
        before: { roles: operator.roles },
        after: { roles },
        facts: { gains: roles.some((role) => !operator.roles.includes(role)) },
      };
    },
    async execute({ operator: id, roles }, actor) {
      return { operator: operatorRepresentation(await operators.setRoles(id, roles, actor)) };
    },
  };
}

const named = z.strictObject({ operator: z.string() });

function revokeOperator(operators: OperatorAdministration): Act<'operator.revoke', z.infer<typeof named>> {
  return {
    name: 'operator.revoke',
    read: (given) => validated(named, given),
    plan({ operator: id }) {
      const operator = operatorRepresentation(existing(operators, id));
      return { subject: `operator:${id}`, before: operator, after: null };
    },
    async execute({ operator: id }, actor) {
      return { operator: operatorRepresentation(await operators.revoke(id, actor)) };
    },
  };
}

function existing(operators: OperatorAdministration, id: string): Operator {
  const operator = operators.list().find((each) => each.id === id);
  if (!operator) throw new KeywardError('unknown_operator', 'There is no operator of that id.');
  return operator;
}

function standing(operators: OperatorAdministration, id: string): Operator {
  const operator = existing(operators, id);
  if (operator.revokedAt === null) return operator;
  throw new KeywardError('operator_revoked', `Operator ${id} is revoked; enrol them under another id.`);
}

export function operatorActs(operators: OperatorAdministration): readonly AnyAct[] {
  return [
    createOperator(operators),
    replaceOperatorCredential(operators),
    setOperatorRoles(operators),
    revokeOperator(operators),
  ];
}
