import { z } from 'zod';
import type { Shares } from '../../kernel/issuance.ts';
import { KEY_STATES } from '../../kernel/key.ts';
import type { CompromiseReport } from '../key-administration.ts';

const MOST_NEIGHBOURS = 100;

const shares = z
  .object({
    listed: z.array(z.object({ name: z.string(), tokens: z.int() })),
    more: z.int().meta({ description: 'How many were left out, with fewer tokens than those listed.' }),
  })
  .meta({ id: 'TokenShares' });
export type SharesAnswer = z.infer<typeof shares>;

const keyUse = z
  .object({
    live_tokens: z.int(),
    clients: shares,
    subjects: shares.meta({ description: 'As the scope’s policy has them recorded.' }),
    first_issued_at: z.int().nullable(),
    last_issued_at: z.int().nullable(),
    complete: z.boolean().meta({
      description: 'False where there was more to read than was read: then all of it is at least so.',
    }),
  })
  .meta({ id: 'KeyUse' });

export const compromise = z
  .object({
    kid: z.string(),
    scope: z.string(),
    compromised_at: z.int().nullable(),
    private_half: z.enum(['to_be_destroyed', 'kept', 'destroyed']),
    use: keyUse
      .nullable()
      .meta({ description: 'What was alive of it at that instant; null while it is being counted.' }),
    other_keys: z
      .object({
        listed: z.array(z.object({ kid: z.string(), scope: z.string(), state: z.enum(KEY_STATES) })),
        more: z.int(),
      })
      .meta({ description: 'Keys on the same HSM token, which share its PIN.' }),
    key_set_version: z.int().meta({ description: 'The first version without the key.' }),
    verifiers: z
      .array(
        z.object({
          client: z.string(),
          instance: z.string(),
          connected: z.boolean(),
          took_ms: z
            .number()
            .nullable()
            .meta({ description: 'Until it said that it holds that key set; null where it has not.' }),
        }),
      )
      .meta({ description: 'Who verifies by itself, as far as it was heard of since the start.' }),
  })
  .meta({ id: 'Compromise' });
export type CompromiseAnswer = z.infer<typeof compromise>;

export function compromiseRepresentation({
  key,
  use,
  neighbours,
  keySetVersion,
  verifiers,
}: CompromiseReport): CompromiseAnswer {
  const listed = neighbours.slice(0, MOST_NEIGHBOURS);
  return {
    kid: key.kid,
    scope: key.scopeId,
    compromised_at: key.times.compromised,
    private_half: privateKeyStatus(key),
    use: use && {
      live_tokens: use.liveTokens,
      clients: sharesRepresentation(use.clients),
      subjects: sharesRepresentation(use.subjects),
      first_issued_at: use.firstIssuedAt,
      last_issued_at: use.lastIssuedAt,
      complete: use.complete,
    },
    other_keys: {
      listed: listed.map(({ kid, scopeId: scope, state }) => ({ kid, scope, state })),
      more: neighbours.length - listed.length,
    },
    key_set_version: keySetVersion,
    verifiers: verifiers.map(({ clientId: client, instance, connected, tookMs: took_ms }) => ({
      client,
      instance,
      connected,
      took_ms,
    })),
  };
}

function privateKeyStatus({ times, keptForForensics }: CompromiseReport['key']) {
  if (times.privateKeyDestroyed !== null) return 'destroyed';
  return keptForForensics ? 'kept' : 'to_be_destroyed';
}

function sharesRepresentation({ listed, more }: Shares): SharesAnswer {
  return { listed: listed.map(({ name, tokens }) => ({ name, tokens })), more };
}
