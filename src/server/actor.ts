import type { Actor, Authenticator } from '../kernel/actor.ts';
import { ROLES, type Role } from '../domain/client.ts';
import { admitOperator } from './admission.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

/** Who may look, and who may write down what changes nothing; for acts there is the table of them. */
export const READING: readonly Role[] = ROLES;
export const CHANGING: readonly Role[] = ['operator'];

/** The operator behind the request, as the audit trail will name them. */
export function actorOf(
  authenticator: Authenticator,
  roles: readonly Role[],
  request: ApiRequest,
  response: ApiResponse,
): Actor {
  const operatorId = admitOperator(authenticator, roles, request, response);
  return { operatorId, requestId: response.locals.requestId };
}
