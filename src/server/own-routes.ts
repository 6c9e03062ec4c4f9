import { z } from 'zod';
import type { Metrics } from '../metrics/metrics.ts';
import { admitAnyone } from './admission.ts';
import { problems } from './responses.ts';
import type { Route } from './route.ts';
import { send } from './send.ts';

/** As long as an answer stands: whoever asks again and again costs the service one collection in that time. */
const STANDS_MS = 1_000;

export const metricsRoute: Route<{ readonly metrics: Pick<Metrics, 'registry'> }> = {
  method: 'get',
  path: '/metrics',
  operation: {
    operationId: 'getMetrics',
    summary: 'Metrics for Prometheus; open to whoever reaches this plane',
    responses: {
      200: { description: 'Prometheus text format', content: { 'text/plain': { schema: z.string() } } },
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
