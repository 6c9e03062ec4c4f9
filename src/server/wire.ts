import { z } from 'zod';
import { ERROR_CODES } from '../kernel/errors.ts';

/** A text that somebody sends. PostgreSQL stores none with U+0000, so none is taken, whatever the engine. */
export function wireText(advice?: string): z.ZodString {
  return z
    .string(advice)
    .refine((text) => !text.includes('\0'), 'leave out U+0000')
    .meta({ pattern: '^[^\\u0000]*$' });
}

const MOST = 1_000;
const number = z
  .string()
  .regex(/^\d{1,15}$/, 'use a whole number')
  .transform(Number);

const limit = number
  .pipe(z.int().min(1).max(MOST))
  .default(100)
  .meta({ description: `At most ${MOST}.` });

/** Of every list in pages: the answer's `next` is the next request's `after`. */
export const afterNumber = z.strictObject({
  after: number.optional().meta({ description: 'The number of the last one seen.' }),
  limit,
});

/** The same, where what is listed has no number. */
export const afterId = z.strictObject({
  after: wireText()
    .max(64, 'name the last one seen')
    .optional()
    .meta({ description: 'The id of the last one seen.' }),
  limit,
});

const NEXT = { description: '`after` for the next page; null at the end.' };
export const nextId = z.string().nullable().meta(NEXT);
export const nextNumber = z.int().nullable().meta(NEXT);

/** A page of what was looked for with one more than the limit, and where the next one begins. */
export function pageOf<T, N>(
  found: readonly T[],
  limit: number,
  nameOf: (last: T) => N,
): { readonly page: readonly T[]; readonly next: N | null } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { page, next: last !== undefined && found.length > limit ? nameOf(last) : null };
}

const MOST_CHARACTERS = 2_000;

/** What an operator says about an event or a report. */
export const note = wireText('say it as text')
  .min(1, 'say it in a few words')
  .max(MOST_CHARACTERS, `use at most ${MOST_CHARACTERS} characters`)
  .meta({ description: 'It stays in the audit trail: name no person in it.' });

/** The id of a scope, client or operator, as far as the description goes: the domain judges it (1 to 63 characters). */
export const idText = wireText('use text').meta({ minLength: 1, maxLength: 63 });

/** 32 bytes in base64url without padding: 43 characters whose last holds four bits. */
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** SHA-256 of what `of` says, in base64url. */
export function digestText(of: string) {
  return z.string('use the digest as text').regex(DIGEST, `use SHA-256 of the ${of}, 32 bytes in base64url`);
}

/** A number as a query gives it. */
export function wholeNumberText(advice: string, low = 0, high = Number.MAX_SAFE_INTEGER) {
  return z
    .string(advice)
    .regex(/^\d{1,15}$/, advice)
    .transform(Number)
    .pipe(z.int().min(low, advice).max(high, advice));
}

/** Printable characters alone. The description says so for ASCII: not every reader of it knows the classes of Unicode. */
export const PRINTABLE = /^\P{C}*$/u;
export const PRINTABLE_ASCII = { pattern: '^[^\\u0000-\\u001f\\u007f]*$' };

/** The members of a form that show its client, in place of an `Authorization` header (RFC 6749 §2.3.1). */
export const clientSecretPost = {
  client_id: wireText()
    .optional()
    .meta({ maxLength: 63, description: 'Id of the client, with `client_secret`.' }),
  client_secret: wireText().optional().meta({ description: 'Its credential; then no `Authorization`.' }),
};

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string().meta({ description: '`urn:keyward:problem:` and the code.' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(ERROR_CODES),
    detail: z.string().optional().meta({ description: 'What to do about it.' }),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' });

/** RFC 6749 §5.2. */
export const oauthError = z
  .object({
    error: z.enum([
      'invalid_request',
      'invalid_client',
      'insufficient_scope',
      'temporarily_unavailable',
      'server_error',
    ]),
    error_description: z.string().optional().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'OAuthError' });

export type OAuthError = z.infer<typeof oauthError>;
