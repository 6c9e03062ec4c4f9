import { hash } from 'node:crypto';
import { z } from 'zod';
import type { PublishedDocument } from '../kernel/publication.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { admitAnyone } from './admission.ts';
import { problems } from './responses.ts';
import type { Route } from './route.ts';
import { send, sendDocument } from './send.ts';

const metricsText = z.string().meta({ examples: ['keyward_keys{scope="payments",state="active"} 1\n'] });

/** As long as an answer stands: whoever asks again and again costs the service one collection in that time. */
const STANDS_MS = 1_000;

export const metricsRoute: Route<{ readonly metrics: Pick<Metrics, 'registry'> }> = {
  method: 'get',
  path: '/metrics',
  operation: {
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus; open to whoever reaches this plane',
    responses: {
      200: { description: 'Prometheus text format', content: { 'text/plain': { schema: metricsText } } },
      ...problems(['rate_limited']),
    },
  },
  handler: ({ metrics: { registry } }) => {
    let collected: Promise<string> | undefined;
    let standsUntil = 0;
    return async (request, response) => {
      await admitAnyone(request, response);
      const now = performance.now();
      if (!collected || now >= standsUntil) {
        collected = registry.metrics();
        standsUntil = now + STANDS_MS;
      }
      const headers = ['Content-Type', registry.contentType, 'Cache-Control', 'no-store'];
      send(response, 200, headers, await collected);
    };
  },
};

const description = z.looseObject({ openapi: z.string(), info: z.unknown(), paths: z.unknown() }).meta({
  id: 'ApiDescription',
  examples: [{ openapi: '3.1.0', info: { title: 'Keyward', version: '1' }, paths: {} }],
});

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
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: description } } },
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
  const etag = `"${hash('sha256', body, 'base64url')}"`;
  return { contentType: 'application/json; charset=utf-8', body, etag, maxAgeSeconds: MAX_AGE_SECONDS };
}
