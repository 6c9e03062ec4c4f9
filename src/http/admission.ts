import type { Authenticator, Grants } from '../domain/access.ts';
import type { Action, Role } from '../domain/client.ts';
import { KeywardError } from '../domain/errors.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { Presenter } from '../domain/presenter.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

export interface AdmissionParts {
  readonly authenticator: Authenticator;
  readonly grants: Grants;
  readonly keyRing: KeyRing;
}

/** Judges the caller of a scoped route before anything of the body is read: 401, 429, 404, 403, in this order. */
export async function admitClient(
  { authenticator, grants, keyRing }: AdmissionParts,
  action: Action,
  request: ApiRequest,
  { locals: exchange }: ApiResponse,
): Promise<{ clientId: string; scopeId: string }> {
  const { id: clientId } = authenticator.client(request.headers.authorization);
  exchange.caller = clientId;
  exchange.plane.callers.authenticated(`client:${clientId}`, request.ip);
  await exchange.plane.limits.client(clientId, 1);
  const scopeId = request.params.scope ?? '';
  if (!keyRing.scope(scopeId)) throw new KeywardError('unknown_scope', 'there is no scope of this id');
  if (!grants.allows(clientId, scopeId, action)) throw grantMissing(action);
  return { clientId, scopeId };
}

/** The admitted client, as whatever watches will name it. */
export function presenterOf(
  clientId: string,
  { ip: remote }: ApiRequest,
  { locals }: ApiResponse,
): Presenter {
  return { clientId, remote, requestId: locals.requestId };
}

export function grantMissing(action: Action): KeywardError {
  return new KeywardError('grant_missing', `this client holds no grant to ${action} for this scope`);
}

/** Judges the caller of an administrative route; answers the operator's id. */
export function admitOperator(
  authenticator: Authenticator,
  roles: readonly Role[],
  request: ApiRequest,
  { locals: exchange }: ApiResponse,
): string {
  const operator = authenticator.operator(request.headers.authorization);
  exchange.caller = operator.id;
  exchange.plane.callers.authenticated(`operator:${operator.id}`, request.ip);
  if (!operator.roles.some((role) => roles.includes(role))) {
    throw new KeywardError('role_missing', `this needs the role ${roles.join(' or ')}`);
  }
  return operator.id;
}
