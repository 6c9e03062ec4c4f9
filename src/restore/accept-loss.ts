import { z } from 'zod';
import type { Act } from '../kernel/acts.ts';
import { KeywardError } from '../kernel/errors.ts';
import { gapDetails } from '../kernel/record-gap.ts';
import { keyActRequest } from '../keys/routes/wire.ts';
import { jsonBody } from '../server/admission.ts';
import { actorFor, type GateDeps, PROPOSED, sendOutcome } from '../server/ask-gate.ts';
import { readJson, validated } from '../server/read-body.ts';
import { CODES, json, problems } from '../server/responses.ts';
import type { Route } from '../server/route.ts';
import type { PendingRestore } from './record-gaps.ts';

const LIMITS = { maxBytes: 4_096, maxDepth: 2, tooDeep: 'malformed_json' } as const;

const count = z.int();

const gap = z
  .object({
    gap: count,
    reason: z.string(),
    issued_from: count.meta({ description: 'First `iat` of tokens whose records may be lost.' }),
    issued_until: count.meta({ description: 'Last one.' }),
    first_event: count,
    last_event: count,
    first_checkpoint: count,
    last_checkpoint: count,
    kept_ledger: count,
    kept_registry: count,
  })
  .meta({ id: 'RecordGap' });
export type RecordGapAnswer = z.infer<typeof gap>;

const accept: Route<GateDeps> = {
  method: 'post',
  path: '/v1/admin/database/accept-restore',
  operation: {
    operationId: 'acceptRestore',
    summary: 'Go on with a database that was put back from an older copy; two persons',
    description:
      'While a database is older than an audit sink, nothing is issued or verified. What the sink has is taken over, what it tells of restrictions is in force again, and tokens whose records are lost are refused. The proposal is kept in memory and ends with the process.',
    security: [{ operator: [] }],
    requestBody: jsonBody(keyActRequest, LIMITS),
    responses: {
      ...json('200', 'Accepted', gap),
      ...PROPOSED,
      ...problems(CODES.operator, CODES.body, CODES.schema, CODES.proposing, [
        'not_restored',
        'hsm_unavailable',
      ]),
    },
  },
  handler: (deps) => async (request, response) => {
    const actor = actorFor('database.accept_restore', deps, request, response);
    const parameters = await readJson(request, { schema: keyActRequest, ...LIMITS });
    sendOutcome(response, await deps.gate.ask({ act: 'database.accept_restore', parameters, actor }), {
      status: 200,
    });
  },
};

export const adminDatabaseRoutes = [accept];

interface RestoreActDeps {
  /** A database that waits for the decision; undefined where none does. */
  readonly held: PendingRestore | undefined;
}

type Reason = z.infer<typeof keyActRequest>;

/** Its proposal is kept in memory: nothing is written to the database before it is accepted. */
export function acceptRestore({ held }: RestoreActDeps): Act<'database.accept_restore', Reason> {
  const waiting = () => held ?? nothingWaits();
  return {
    name: 'database.accept_restore',
    read: (given) => validated(keyActRequest, given),
    plan: () => ({ subject: 'database', ...waiting().describe() }),
    execute: async ({ reason }, actor) => gapDetails(await waiting().accept(reason, actor)),
  };
}

function nothingWaits(): never {
  throw new KeywardError('not_restored', 'the database has all that the audit sinks have seen');
}
