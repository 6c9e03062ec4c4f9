import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { type ErrorCode, KeywardError } from '../../domain/errors.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import type { Publication, PublishedDocument } from '../../domain/publication.ts';
import { problems } from '../responses.ts';
import type { Handler, Route } from '../route.ts';
import { sendDocument } from '../send.ts';

interface KeySetParts {
  readonly publication: Publication;
  readonly keyRing: KeyRing;
}

const published = (
  mediaType: string,
  description: string,
  ...codes: ErrorCode[]
): ZodOpenApiResponsesObject => ({
  200: { description, content: { [mediaType]: { schema: z.unknown() } } },
  304: { description: 'The document that `If-None-Match` names is still the one' },
  ...problems(['unknown_scope', 'rate_limited', ...codes]),
});

const keySet: Route<KeySetParts> = {
  method: 'get',
  path: '/scopes/{scope}/jwks.json',
  operation: {
    operationId: 'getKeySet',
    summary: 'The key set of this scope alone (RFC 7517)',
    responses: published('application/jwk-set+json', 'The keys that may verify a token of this scope'),
  },
  handler: (deps) => serve(deps, (scopeId) => deps.publication.keySet(scopeId)),
};

const signedKeySet: Route<KeySetParts> = {
  method: 'get',
  path: '/scopes/{scope}/jwks.jwt',
  operation: {
    operationId: 'getSignedKeySet',
    summary: 'The same key set, signed by the registry key',
    responses: published('application/jwk-set+jwt', 'A compact JWS of typ `jwk-set+jwt`', 'hsm_unavailable'),
  },
  handler: (deps) => serve(deps, (scopeId) => deps.publication.signedKeySet(scopeId)),
};

const openidConfiguration: Route<KeySetParts> = {
  method: 'get',
  path: '/scopes/{scope}/.well-known/openid-configuration',
  operation: {
    operationId: 'getOpenidConfiguration',
    summary: 'Discovery, for a scope whose issuer is the URL it is served under',
    responses: published('application/json', 'RFC 8414 and OpenID Connect Discovery', 'not_found'),
  },
  handler: (deps) => serve(deps, (scopeId) => deps.publication.openidConfiguration(scopeId)),
};

/** Published per scope, to anyone (I3). */
export const keySetRoutes = [keySet, signedKeySet, openidConfiguration];

type Found = PublishedDocument | undefined;

function serve({ keyRing }: KeySetParts, find: (scopeId: string) => Found | Promise<Found>): Handler {
  return async (request, response) => {
    await response.locals.plane.limits.anonymous(request.ip);
    const scopeId = request.params.scope ?? '';
    if (!keyRing.scope(scopeId)) throw new KeywardError('unknown_scope', 'there is no scope of this id');
    const document = await find(scopeId);
    if (!document) throw new KeywardError('not_found', 'this scope has no such document');
    sendDocument(request, response, document);
  };
}
