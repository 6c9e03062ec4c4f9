import type { z } from 'zod';
import type { ZodOpenApiRequestBodyObject } from 'zod-openapi';
import {
  type Action,
  type Actor,
  type Authenticator,
  type Client,
  type Grants,
  ROLES,
  type Role,
} from '../kernel/actor.ts';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import { type KeyRing, requireScope } from '../kernel/key.ts';
import type { RequestOrigin } from '../kernel/verification.ts';
import { networkOf, vouchFor } from './connections.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';

export interface AdmissionDeps {
  readonly authenticator: Authenticator;
  readonly grants: Grants;
  readonly keyRing: KeyRing;
}

/** Client and key scope of a request that may have what it asks for. */
export interface Admitted {
  readonly clientId: string;
  readonly scopeId: string;
}

/** Judges the caller of a scoped route before anything of the body is read: 401, 429, 404, 403, 503, in this order. */
export async function admitClient(
  deps: AdmissionDeps,
  action: Action,
  request: ApiRequest,
  response: ApiResponse,
): Promise<Admitted> {
  const client = unlessNews(response, () => deps.authenticator.client(request.headers.authorization));
  // Awaited only where there is something to wait for: this is on the way of every token.
  return admitKnown(deps, action, client instanceof Promise ? await client : client, request, response);
}

/** Refused for what another front may have made a moment ago. */
const PERHAPS_NEW: ReadonlySet<ErrorCode> = new Set(['credential_invalid', 'unknown_scope', 'grant_missing']);

/** Nobody is refused for what this front has not followed yet: it looks once more. */
export function unlessNews<T>(response: ApiResponse, judge: () => T): T | Promise<T> {
  try {
    return judge();
  } catch (error) {
    if (error instanceof KeywardError && PERHAPS_NEW.has(error.code))
      return judgeAgain(response, judge, error);
    throw error;
  }
}

async function judgeAgain<T>({ locals }: ApiResponse, judge: () => T, refusal: KeywardError): Promise<T> {
  if (await locals.plane.news()) return judge();
  throw refusal;
}

/** The same for a client whose credential was right: 429, 404, 403, 503. */
export async function admitKnown(
  { grants, keyRing }: Pick<AdmissionDeps, 'grants' | 'keyRing'>,
  action: Action,
  { id: clientId }: Client,
  request: ApiRequest,
  response: ApiResponse,
): Promise<Admitted> {
  const { locals: exchange } = response;
  exchange.caller = clientId;
  vouchFor(request.socket);
  exchange.plane.callers.authenticated(`client:${clientId}`, request.ip);
  await exchange.plane.limits.client(clientId, 1);
  const scopeId = request.params.scope ?? '';
  const looking = unlessNews(response, () => {
    requireScope(keyRing, scopeId);
    if (!grants.allows(clientId, scopeId, action)) throw grantMissing(action);
  });
  if (looking) await looking;
  exchange.enter(action === 'sign' ? 'identity' : 'relying', clientId);
  return { clientId, scopeId };
}

/** Whoever comes without a credential has the share of their network: 429, 503. */
export async function admitAnyone(request: ApiRequest, { locals: exchange }: ApiResponse): Promise<void> {
  await exchange.plane.limits.anonymous(request.ip);
  exchange.enter('anonymous', networkOf(request.ip ?? ''));
}

/** The admitted client, as whatever watches will name it. */
export function requestOriginOf(
  clientId: string,
  { ip: remote }: ApiRequest,
  { locals }: ApiResponse,
): RequestOrigin {
  return { clientId, remote, requestId: locals.requestId, trace: locals.trace };
}

export function grantMissing(action: Action): KeywardError {
  return new KeywardError('grant_missing', `this client holds no grant to ${action} for this scope`);
}

/** Judges the caller of an administrative route; answers the operator's id. */
function admitOperator(
  authenticator: Authenticator,
  roles: readonly Role[],
  request: ApiRequest,
  { locals: exchange }: ApiResponse,
): string {
  const operator = authenticator.operator(request.headers.authorization);
  exchange.caller = operator.id;
  vouchFor(request.socket);
  exchange.plane.callers.authenticated(`operator:${operator.id}`, request.ip);
  if (!operator.roles.some((role) => roles.includes(role))) {
    throw new KeywardError('role_missing', `this needs the role ${roles.join(' or ')}`);
  }
  exchange.enter('operator', operator.id);
  return operator.id;
}

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
  const { requestId, traceId } = response.locals;
  return { operatorId, requestId, traceId };
}

/** Bytes that a body may take; one more is 413. */
interface Bound {
  readonly maxBytes: number;
}

/** A JSON body in the API description, with the bound that its route obeys. */
export function jsonBody(schema: z.ZodType, bound: Bound): ZodOpenApiRequestBodyObject {
  return body('application/json', schema, bound);
}

/** A form, in the same way. */
export function formBody(schema: z.ZodType, bound: Bound): ZodOpenApiRequestBodyObject {
  return body('application/x-www-form-urlencoded', schema, bound);
}

function body(mediaType: string, schema: z.ZodType, { maxBytes }: Bound): ZodOpenApiRequestBodyObject {
  return {
    required: true,
    description: `At most ${maxBytes} bytes.`,
    'x-max-bytes': maxBytes,
    content: { [mediaType]: { schema } },
  };
}
