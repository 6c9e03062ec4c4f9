import { z } from 'zod';
import { KEY_STATES } from '../../kernel/key.ts';
import type { EventMessage, RevokedTokens, ScopeEvent } from '../../kernel/publication.ts';
import type { StreamMessage } from '../event-stream.ts';

const version = z.int().meta({ description: 'Of the key set; it only grows.' });
const keys = z.array(z.object({ kid: z.string(), state: z.enum(KEY_STATES) }));
const hash = (of: string) =>
  z
    .string()
    .nullable()
    .meta({ description: `SHA-256 of ${of}, base64url.` });

const revokedTokens = z
  .object({
    sequence: z.int(),
    jti_sha256: hash('the `jti`'),
    root_sha256: hash('the value of the root claim'),
    issued_from: z.int().nullable().meta({ description: 'First `iat`.' }),
    issued_until: z.int().nullable().meta({ description: 'Last `iat`.' }),
    ask: z.boolean().meta({
      description: 'The rule looks at what no token shows: have tokens that fit the rest verified.',
    }),
    lapses_at: z.int().nullable(),
  })
  .meta({ id: 'RevokedTokens', description: 'Tokens that every member given fits are revoked.' });

const page = {
  revocations: z.array(revokedTokens),
  more: z.boolean().meta({ description: 'More follow in events `revocations`.' }),
  incomplete: z.boolean().meta({ description: 'There are too many to tell: have each token verified.' }),
};

/** The `data` of each event, by its name. */
export const SCOPE_EVENTS = {
  snapshot: z
    .object({ version, keys, root_claim: z.string().nullable(), ...page })
    .meta({ id: 'ScopeSnapshot' }),
  revocations: z.object(page).meta({ id: 'ScopeRevocations' }),
  resumed: z.object({ version }).meta({ id: 'ScopeResumed' }),
  key_set: z.object({ version, keys }).meta({ id: 'ScopeKeySet' }),
  compromised: z.object({ kid: z.string(), version }).meta({ id: 'ScopeKeyCompromised' }),
  suspended: z.object({ kid: z.string(), version }).meta({ id: 'ScopeKeySuspended' }),
  revoked: z.object({ revocation: revokedTokens }).meta({ id: 'ScopeTokensRevoked' }),
} as const satisfies Record<ScopeEvent['type'], z.ZodType>;

export function streamMessage({ id, event }: EventMessage): StreamMessage {
  return { id, event: event.type, data: dataOf(event) };
}

function dataOf(event: ScopeEvent): object {
  switch (event.type) {
    case 'snapshot': {
      const { type: _, rootClaim, revocations, ...rest } = event;
      return { ...rest, root_claim: rootClaim, revocations: revocations.map(representation) };
    }
    case 'revocations': {
      const { type: _, revocations, ...rest } = event;
      return { ...rest, revocations: revocations.map(representation) };
    }
    case 'revoked':
      return { revocation: representation(event.revocation) };
    default: {
      const { type: _, ...data } = event;
      return data;
    }
  }
}

function representation(of: RevokedTokens): z.infer<typeof revokedTokens> {
  return {
    sequence: of.sequence,
    jti_sha256: of.jtiHash,
    root_sha256: of.rootHash,
    issued_from: of.issuedFrom,
    issued_until: of.issuedUntil,
    ask: of.ask,
    lapses_at: of.lapsesAt,
  };
}
