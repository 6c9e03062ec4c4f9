import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PublishedDocument } from '../../domain/publication.ts';
import { admitAnyone } from '../admission.ts';
import { problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { sendDocument } from '../send.ts';

const MAX_AGE_SECONDS = 300;

/** The API's own description, composed when it is first asked for. */
export function openapiRoute(describe: () => object): Route<unknown> {
  let document: PublishedDocument | undefined;
  return {
    method: 'get',
    path: '/openapi.json',
    operation: {
      operationId: 'getApiDescription',
      summary: 'This description',
      responses: {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.unknown() } } },
        304: { description: 'The description that `If-None-Match` names is still the one' },
        ...problems(['rate_limited']),
      },
    },
    handler: () => async (request, response) => {
      await admitAnyone(request, response);
      document ??= publish(JSON.stringify(describe()));
      sendDocument(request, response, document);
    },
  };
}

function publish(body: string): PublishedDocument {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { contentType: 'application/json; charset=utf-8', body, etag, maxAgeSeconds: MAX_AGE_SECONDS };
}
