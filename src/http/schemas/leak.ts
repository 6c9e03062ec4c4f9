import { z } from 'zod';
import { MOST_PIN_CANDIDATES } from '../../domain/pin-candidates.ts';
import { digestText } from './digest.ts';

export const MOST_LEAKS = 1_000;

const place = z
  .string()
  .max(512)
  .regex(/^\P{C}*$/u, 'use printable characters')
  .meta({ description: 'Where it was found; for the security event.' });
const digest = digestText('credential, or of the token’s signing input').meta({
  description: 'SHA-256 of the text of a credential, or of `header.payload` of a token, base64url.',
});

export const leakedDigests = z
  .strictObject({
    credentials: z
      .array(z.strictObject({ digest, place: place.optional() }))
      .max(MOST_LEAKS)
      .default([]),
    tokens: z
      .array(z.strictObject({ digest, iat: z.int().min(0), place: place.optional() }))
      .max(MOST_LEAKS)
      .default([]),
    report: z.boolean().default(false).meta({
      description: 'Whether what is on record raises `credential.leaked`. Nothing is revoked.',
    }),
  })
  .meta({ id: 'LeakedDigests' });

const known = {
  digest: z.string(),
  live: z.boolean().meta({ description: 'Whether it is accepted now.' }),
};

/** Only what is on record is answered. */
export const knownDigests = z
  .object({
    credentials: z.array(z.object({ ...known, holder: z.string() })),
    tokens: z.array(
      z.object({
        ...known,
        scope: z.string(),
        kid: z.string(),
        client: z.string(),
        jti: z.string(),
        exp: z.int(),
      }),
    ),
  })
  .meta({ id: 'KnownDigests' });

export const pinMarks = z
  .object({
    hsm_tokens: z.array(
      z.object({
        hsm_token: z.string(),
        public_key: z.string().nullable().meta({
          description: 'X25519, raw, base64url; another after each start. Null: its signer is away.',
        }),
        comparable: z.boolean().meta({ description: 'False for a PIN of fewer than 8 characters.' }),
      }),
    ),
    batch: z.int().meta({ description: 'Candidates in one batch at most.' }),
  })
  .meta({ id: 'PinMarks' });

export const pinBatch = z
  .strictObject({
    hsm_token: z.string().min(1).max(64),
    sealed: z
      .base64url()
      .max(90_000)
      .meta({
        description: `Up to ${MOST_PIN_CANDIDATES} candidates, each behind its length in a byte, sealed for the signer: the ephemeral X25519 key, tag and ciphertext of AES-256-GCM under HKDF-SHA256.`,
      }),
    places: z
      .array(place)
      .max(MOST_PIN_CANDIDATES)
      .default([])
      .meta({ description: 'Where each candidate was found.' }),
  })
  .meta({ id: 'PinBatch' });

export const pinAnswer = z
  .object({
    compared: z.int(),
    matches: z.array(z.int()).meta({ description: 'Places in the batch, from 0, of what is the PIN.' }),
  })
  .meta({ id: 'PinAnswer' });

/** As the partner programmes send it; what else they add is passed over. */
export const partnerReport = z
  .array(
    z.object({
      token: z.string().min(1).max(16_384),
      type: z.string().max(256),
      url: z.string().max(4_096).default(''),
      source: z.string().max(256).default(''),
    }),
  )
  .min(1)
  .max(MOST_LEAKS)
  .meta({ id: 'LeakReport' });

export const partnerFeedback = z
  .array(
    z.object({
      token_hash: z.string().meta({ description: 'SHA-256 of the token as it was sent, hex.' }),
      token_type: z.string(),
      label: z.enum(['true_positive', 'false_positive']),
    }),
  )
  .meta({ id: 'LeakFeedback' });
