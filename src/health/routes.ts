import { z } from 'zod';
import { type Duty, READINESS_CHECKS, type Readiness } from '../kernel/capability.ts';
import { ERROR_CODES } from '../kernel/errors.ts';
import { json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import { sendJson } from '../server/send.ts';

const health = z.object({ status: z.literal('alive') }).meta({ id: 'Health' });

const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.array(
      z.object({
        name: z.enum(READINESS_CHECKS),
        ok: z.boolean(),
        detail: z.string(),
        code: z.enum(ERROR_CODES).optional().meta({ description: 'Of a check that failed' }),
        runbook: z.string().optional().meta({ description: 'Of a check that failed: what to do' }),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

const READY = { ready: true, checks: [{ name: 'sign', ok: true, detail: 'signed 2 seconds ago' }] };
const NOT_READY = {
  ready: false,
  checks: [
    {
      name: 'sign',
      ok: false,
      detail: 'the HSM does not answer',
      code: 'hsm_unavailable',
      runbook: 'docs/runbooks/hsm-outage.md',
    },
  ],
};

/**
 * Alive: says nothing of the HSM, so that its absence gets nobody restarted. Like the routes below it is outside the
 * rate limits and asks for no place: a balancer that is refused would take a busy instance for a dead one. An answer
 * from memory costs no more than a refusal.
 */
const healthz: Route<unknown> = {
  method: 'get',
  path: '/healthz',
  operation: {
    operationId: 'getHealth',
    summary: 'Whether the process is alive',
    responses: { ...json('200', 'Alive', health), ...problems() },
  },
  handler: () => (_request, response) => sendJson(response, 200, { status: 'alive' }),
};

/** Ready: a token was really signed, recorded and read, at most seconds ago. */
const readyz = readinessRoute('/readyz', 'getReadiness', 'Whether tokens can be had and verified now');

/** For balancers that tell callers apart: an outage of the HSM takes only the first of the two out. */
const readyToSign = readinessRoute(
  '/readyz/sign',
  'getSigningReadiness',
  'Whether tokens can be had now',
  'sign',
);
const readyToVerify = readinessRoute(
  '/readyz/verify',
  'getVerificationReadiness',
  'Whether tokens can be verified now',
  'verify',
);

function readinessRoute(
  path: Route<unknown>['path'],
  operationId: string,
  summary: string,
  duty?: Duty,
): Route<{ readonly readiness: Readiness }> {
  return {
    method: 'get',
    path,
    operation: {
      operationId,
      summary,
      responses: {
        ...json('200', 'Ready', readiness, READY),
        ...problems(),
        ...json('503', 'Not ready: what is away; or a problem, `shutting_down`', readiness, NOT_READY),
      },
    },
    handler: (deps) => async (_request, response) => {
      const { ready, checks } = await deps.readiness.check(duty);
      sendJson(response, ready ? 200 : 503, { ready, checks });
    },
  };
}

export const healthRoutes = [healthz, readyz, readyToSign, readyToVerify];
