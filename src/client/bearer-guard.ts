import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenClaims } from './claims.ts';
import { TokenRefused, VerifierUnavailable } from './errors.ts';
import type { Verifier } from './verifier.ts';

/** How bearer tokens are asked for and what else they must allow. */
export interface BearerOptions {
  /** Named in challenges; `token` by default. */
  readonly realm?: string | undefined;
  /**
   * What else the caller must be allowed. A promise is awaited. Anything but `true` is answered with 403
   * `insufficient_scope`.
   */
  readonly allows?:
    | ((claims: TokenClaims, request: IncomingMessage) => boolean | Promise<boolean>)
    | undefined;
}

interface Refusal {
  readonly status: 400 | 401 | 403 | 503;
  /** RFC 6750 §3.1; undefined where no token was given. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined;
  readonly description?: string | undefined;
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const REALM = /^[ !#-[\]-~]{1,128}$/;
const RETRY_AFTER_SECONDS = 5;

const claimsByRequest = new WeakMap<IncomingMessage, TokenClaims>();

/** The claims of the token that let the request in. Throws where none did. */
export function claimsOf<C extends object = object>(request: IncomingMessage): TokenClaims & C {
  const claims = claimsByRequest.get(request);
  if (!claims) throw new Error('no token has let this request in: put requireToken before it');
  return claims as TokenClaims & C;
}

/**
 * Lets a request in by the bearer token in its `Authorization` header, or answers it as RFC 6750 says. Answers
 * whether it was let in.
 */
export function bearerGuard(
  verifier: Pick<Verifier, 'verify'>,
  { realm = 'token', allows = () => true }: BearerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  if (!REALM.test(realm)) throw new TypeError('realm: use printable ASCII without quotes and backslashes');
  return async (request, response) => {
    const outcome = await verify(verifier, request);
    if ('status' in outcome) return refuse(response, realm, outcome);
    if ((await allows(outcome.claims, request)) !== true) {
      return refuse(response, realm, { status: 403, error: 'insufficient_scope' });
    }
    claimsByRequest.set(request, outcome.claims);
    return true;
  };
}

async function verify(
  verifier: Pick<Verifier, 'verify'>,
  request: IncomingMessage,
): Promise<Refusal | { readonly claims: TokenClaims }> {
  const { authorization } = request.headers;
  if (authorization === undefined) return { status: 401 };
  const token = hasOneAuthorization(request) ? BEARER.exec(authorization)?.[1] : undefined;
  if (token === undefined) {
    const description = 'send one bearer token in the Authorization header';
    return { status: 400, error: 'invalid_request', description };
  }
  try {
    const claims = await verifier.verify(token);
    return isBoundToKey(claims)
      ? { status: 401, error: 'invalid_token', description: 'bound to a key that was not shown' }
      : { claims };
  } catch (error) {
    if (error instanceof TokenRefused) {
      return { status: 401, error: 'invalid_token', description: error.reason };
    }
    if (error instanceof VerifierUnavailable) return { status: 503 };
    throw error;
  }
}

/** Node.js keeps the first of several lines, where a proxy may have checked the last. */
function hasOneAuthorization({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === 'authorization').length === 1;
}

/** RFC 7800, 8705, 9449: as a bearer token it would serve whoever stole it. */
function isBoundToKey({ cnf }: TokenClaims): boolean {
  return cnf !== undefined;
}

function refuse(response: ServerResponse, realm: string, { status, error, description }: Refusal): false {
  const parameters = [
    `realm="${realm}"`,
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(description === undefined ? [] : [`error_description="${description}"`]),
  ];
  const about =
    status === 503 ? { error: 'temporarily_unavailable' } : { error, error_description: description };
  const body = JSON.stringify(about);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 503
      ? { 'Retry-After': RETRY_AFTER_SECONDS }
      : { 'WWW-Authenticate': `Bearer ${parameters.join(', ')}` }),
  });
  response.end(body);
  return false;
}

/** As Express and its like call it; nothing of Express is needed. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Lets requests pass that carry a good bearer token, whose claims `claimsOf(request)` then gives, and answers the
 * others as RFC 6750 says. What is no verdict, such as an error of `allows` or of `next` itself, goes to `next`.
 */
export function requireToken(verifier: Pick<Verifier, 'verify'>, options?: BearerOptions): Middleware {
  const guard = bearerGuard(verifier, options);
  return (request, response, next) => {
    guard(request, response)
      .then((letIn) => {
        if (letIn) next();
      })
      .catch(next)
      // If `next` throws at its error too, nobody is left to answer.
      .catch(() => void response.destroy());
  };
}
