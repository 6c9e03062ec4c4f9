import { z } from 'zod';
import type { CheckpointSource } from '../../domain/checkpoint.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { admitAnyone } from '../admission.ts';
import { json, problems } from '../responses.ts';
import type { Route } from '../route.ts';
import { sendJson } from '../send.ts';

const latestCheckpointAnswer = z
  .object({
    number: z.int(),
    time: z.int().meta({ description: 'Seconds since the epoch.' }),
    checkpoint: z.string().meta({ description: 'Compact JWS of typ `kw-checkpoint+jwt`.' }),
    kid: z.string(),
    public_jwk: z
      .record(z.string(), z.string())
      .meta({ description: 'Trust it only by its thumbprint, had from elsewhere.' }),
  })
  .meta({ id: 'LatestCheckpoint' });

/** Whoever keeps a copy can show later that what came before it was rewritten. */
export const latestCheckpoint: Route<{ readonly checkpoints: CheckpointSource }> = {
  method: 'get',
  path: '/v1/checkpoints/latest',
  operation: {
    operationId: 'getLatestCheckpoint',
    summary: 'The newest checkpoint of audit trail, ledger, revocations and registry, for anyone to keep',
    responses: {
      ...json('200', 'The checkpoint, signed by the audit key', latestCheckpointAnswer),
      ...problems(['not_found', 'rate_limited']),
    },
  },
  handler:
    ({ checkpoints }) =>
    async (request, response) => {
      await admitAnyone(request, response);
      const latest = checkpoints.latest();
      if (!latest) throw new KeywardError('not_found', 'there is no checkpoint yet; try again in a minute');
      const { kid, publicJwk } = checkpoints.auditKey;
      const { number, time, jws } = latest;
      sendJson(response, 200, { number, time, checkpoint: jws, kid, public_jwk: publicJwk });
    },
};
