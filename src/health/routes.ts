import { z } from 'zod';
import type { Readiness } from '../kernel/capability.ts';
import { admitAnyone } from '../server/admission.ts';
import { json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';

const health = z.object({ status: z.literal('alive') }).meta({ id: 'Health' });

const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.array(
      z.object({
        name: z.enum(['sign', 'record', 'verify', 'time', 'database']),
        ok: z.boolean(),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

/** Alive: says nothing of the HSM, so that its absence gets nobody restarted. */
const healthz: Route<unknown> = {
  method: 'get',
  path: '/healthz',
  operation: {
    operationId: 'getHealth',
    summary: 'Whether the process is alive',
    responses: { ...json('200', 'Alive', health), ...problems(['rate_limited']) },
  },
  handler: () => async (request, response) => {
    await response.locals.plane.limits.anonymous(request.ip);
    sendJson(response, 200, { status: 'alive' });
  },
};

/** Ready: a token was really signed, recorded and read, at most seconds ago. */
const readyz: Route<{ readonly readiness: Readiness }> = {
  method: 'get',
  path: '/readyz',
  operation: {
    operationId: 'getReadiness',
    summary: 'Whether tokens can be had now',
    responses: {
      ...json('200', 'Ready', readiness),
      ...problems(['rate_limited']),
      ...json('503', 'Not ready: what is away; or a problem, `overloaded` or `shutting_down`', readiness),
    },
  },
  handler: (deps) => async (request, response) => {
    await admitAnyone(request, response);
    const { ready, checks } = await deps.readiness.check();
    const told = checks.map(({ name, ok, detail }) => ({ name, ok, detail }));
    sendJson(response, ready ? 200 : 503, { ready, checks: told });
  },
};

export const healthRoutes = [healthz, readyz];
