import { z } from 'zod';
import type { Metrics } from '../../metrics/metrics.ts';
import { problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { send } from '../send.ts';

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
  handler:
    ({ metrics: { registry } }) =>
    async (request, response) => {
      await response.locals.plane.limits.anonymous(request.ip);
      const headers = ['Content-Type', registry.contentType, 'Cache-Control', 'no-store'];
      send(response, 200, headers, await registry.metrics());
    },
};
