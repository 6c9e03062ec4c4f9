import { z } from 'zod';
import { digestText, PRINTABLE, PRINTABLE_ASCII, wireText } from '../../server/wire.ts';

const MOST_LEAKS = 1_000;

const place = z
  .string()
  .max(512)
  .regex(PRINTABLE, 'use printable characters')
  .meta({ description: 'Where it was found; for the security event.', override: PRINTABLE_ASCII });
const digest = digestText('credential, or of the token’s signing input').meta({
  description:
    'SHA-256 of the text of a credential or of a `kw_pin_…`, or of `header.payload` of a token, base64url.',
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
    pins: z
      .array(z.strictObject({ digest: digest.optional(), place: place.optional() }))
      .max(MOST_LEAKS)
      .default([])
      .meta({
        description:
          'PINs of HSM tokens; with `report` each raises `credential.leaked`. Give a digest only of a `kw_pin_…`: another could be guessed by it.',
      }),
    report: z.boolean().default(false).meta({
      description:
        'Whether what is on record, and each of `pins`, raises `credential.leaked`. Nothing is revoked.',
    }),
  })
  .meta({
    id: 'LeakedDigests',
    examples: [
      {
        credentials: [{ digest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', place: 'deploy.env:3' }],
        report: true,
      },
    ],
  });

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
export type KnownDigestsAnswer = z.infer<typeof knownDigests>;

/** As the partner programmes send it; what else they add is passed over. */
export const partnerReport = z
  .array(
    z.object({
      token: wireText()
        .min(1)
        .max(16_384)
        .meta({ examples: ['kw_svc_…'] }),
      type: wireText()
        .max(256)
        .meta({ examples: ['keyward_credential'] }),
      url: wireText()
        .max(4_096)
        .default('')
        .meta({ examples: ['https://code.example/shop/blob/main/deploy.env'] }),
      source: wireText().max(256).default(''),
    }),
  )
  .min(1)
  .max(MOST_LEAKS)
  .meta({ id: 'LeakReport' });

export const partnerFeedback = z
  .array(
    z.object({
      token_hash: z.string().meta({
        description: 'SHA-256 of the token as it was sent, hex.',
        examples: ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
      }),
      token_type: z.string(),
      label: z.enum(['true_positive', 'false_positive']),
    }),
  )
  .meta({ id: 'LeakFeedback' });
