import type { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { type ErrorCode, KeywardError } from '../../kernel/errors.ts';
import { type KeyRing, requireScope } from '../../kernel/key.ts';
import type { Publication, PublishedDocument } from '../../kernel/publication.ts';
import { admitAnyone, unlessNews } from '../../server/admission.ts';
import { problems } from '../../server/responses.ts';
import type { Handler, Route } from '../../server/route.ts';
import { sendDocument } from '../../server/send.ts';
import { issuerMetadata, keySetDocument, signedKeySetDocument } from './documents.ts';

interface KeySetDeps {
  readonly publication: Publication;
  readonly keyRing: KeyRing;
}

const published = (
  mediaType: string,
  schema: z.ZodType,
  description: string,
  ...codes: ErrorCode[]
): ZodOpenApiResponsesObject => ({
  200: { description, content: { [mediaType]: { schema } } },
  304: { description: 'The document that `If-None-Match` names is still the one' },
  ...problems(['unknown_scope', 'rate_limited', ...codes]),
});

const keySet: Route<KeySetDeps> = {
  method: 'get',
  path: '/scopes/{scope}/jwks.json',
  anyOrigin: true,
  operation: {
    operationId: 'getKeySet',
    summary: 'The key set of this scope alone (RFC 7517)',
    responses: published(
      'application/jwk-set+json',
      keySetDocument,
      'The keys that may verify a token of this scope',
    ),
  },
  handler: (deps) => serve(deps, (scopeId) => deps.publication.keySet(scopeId)),
};

const signedKeySet: Route<KeySetDeps> = {
  method: 'get',
  path: '/scopes/{scope}/jwks.jwt',
  anyOrigin: true,
  operation: {
    operationId: 'getSignedKeySet',
    summary: 'The same key set, signed by the registry key',
    responses: published(
      'application/jwk-set+jwt',
      signedKeySetDocument,
      'A compact JWS of typ `jwk-set+jwt`',
      'hsm_unavailable',
    ),
  },
  handler: (deps) => serve(deps, (scopeId) => deps.publication.signedKeySet(scopeId)),
};

/** The same document wherever a client looks for it. */
function discovery(path: Route<KeySetDeps>['path'], operationId: string, summary: string): Route<KeySetDeps> {
  return {
    method: 'get',
    path,
    anyOrigin: true,
    operation: {
      operationId,
      ...(path.startsWith('/.well-known') ? { description: 'Also with a terminating slash.' } : {}),
      summary: `${summary}, for a scope whose issuer is the URL it is served under`,
      responses: published(
        'application/json',
        issuerMetadata,
        'RFC 8414 and OpenID Connect Discovery',
        'not_found',
      ),
    },
    handler: (deps) => serve(deps, (scopeId) => deps.publication.openidConfiguration(scopeId)),
  };
}

/**
 * OpenID Connect appends to the issuer (Discovery §4.1), OAuth puts in before its path, and either name may stand in
 * either place (RFC 8414 §3.1, §5). Some clients keep the terminating slash of an issuer.
 */
const discoveryRoutes = (
  [
    ['openid-configuration', 'OpenidConfiguration', 'OpenID Connect Discovery'],
    ['oauth-authorization-server', 'AuthorizationServer', 'OAuth metadata (RFC 8414)'],
  ] as const
).flatMap(([name, id, summary]) => [
  discovery(`/scopes/{scope}/.well-known/${name}`, `get${id}`, summary),
  discovery(`/.well-known/${name}/scopes/{scope}`, `get${id}OfPath`, summary),
  discovery(`/.well-known/${name}/scopes/{scope}/`, `get${id}OfPathWithSlash`, summary),
]);

/** Published per scope, to anyone (I3). */
export const keySetRoutes = [keySet, signedKeySet, ...discoveryRoutes];

type Found = PublishedDocument | undefined;

function serve({ keyRing }: KeySetDeps, find: (scopeId: string) => Found | Promise<Found>): Handler {
  return async (request, response) => {
    await admitAnyone(request, response);
    const scopeId = request.params.scope ?? '';
    await unlessNews(response, () => requireScope(keyRing, scopeId));
    const document = await find(scopeId);
    if (!document) throw new KeywardError('not_found', 'this scope has no such document');
    sendDocument(request, response, document);
  };
}
