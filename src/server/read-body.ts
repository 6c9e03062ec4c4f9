import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { type ErrorCode, KeywardError } from '../kernel/errors.ts';
import {
  MOST_VALUES,
  parseStrict,
  parseStrictObject,
  StrictJsonError,
  type StrictJsonLimits,
  type StrictJsonReason,
} from '../token/strict-json.ts';
import { readText } from './body.ts';

const MAX_NAME_CHARACTERS = 64;

/**
 * The value as the schema reads it. `unknown_member` and `invalid_request` name the first member that is wrong,
 * `batch_too_large` is for a list with too many elements.
 */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error.issues[0]);
}

function refusal(issue: z.core.$ZodIssue | undefined): KeywardError {
  if (issue?.code === 'unrecognized_keys') {
    return new KeywardError('unknown_member', `leave out ${named([...issue.path, issue.keys[0] ?? ''])}`);
  }
  if (issue?.code === 'too_big' && issue.origin === 'array') {
    return new KeywardError('batch_too_large', `${named(issue.path)}: send at most ${issue.maximum}`);
  }
  return new KeywardError(
    'invalid_request',
    `${named(issue?.path ?? [])}: ${issue?.message ?? 'not as described'}`,
  );
}

function named(path: readonly PropertyKey[]): string {
  const name = path.map(String).join('.');
  return name.length > MAX_NAME_CHARACTERS ? `${name.slice(0, MAX_NAME_CHARACTERS)}…` : name;
}

export interface JsonBody<T> extends StrictJsonLimits {
  readonly schema: z.ZodType<T>;
  readonly maxBytes: number;
  /** The code for what nests deeper; only claims can on purpose. */
  readonly tooDeep: Extract<ErrorCode, 'malformed_json' | 'claims_too_deep'>;
}

/** The body as the schema reads it; each way to be wrong has its own code. */
export async function readJson<T>(request: IncomingMessage, body: JsonBody<T>): Promise<T> {
  const text = await readText(request, 'application/json', body.maxBytes);
  return validated(body.schema, parseBody(text, body));
}

/** A text that was read already, as the schema reads it. */
export function parseJson<T>(text: string, body: JsonBody<T>): T {
  return validated(
    body.schema,
    strictly(body, () => parseStrict(text, body)),
  );
}

function parseBody(text: string, body: JsonBody<unknown>): Record<string, unknown> {
  return strictly(body, () => parseStrictObject(text, body));
}

function strictly<T>({ maxDepth, tooDeep }: JsonBody<unknown>, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw new KeywardError(codeOf(error.reason, tooDeep), ADVICE[error.reason](maxDepth));
  }
}

function codeOf(reason: StrictJsonReason, tooDeep: JsonBody<unknown>['tooDeep']): ErrorCode {
  if (reason === 'too_deep') return tooDeep;
  return reason === 'too_many_values' ? 'body_too_large' : 'malformed_json';
}

const ADVICE = {
  not_json: () => 'the body is not JSON',
  not_object: () => 'the body is not a JSON object',
  duplicate_member: () => 'a member stands twice in one object',
  lookalike_members: () =>
    'two members of one object differ only in case, blanks or what is not shown: leave one out',
  too_many_values: () => `the body may hold ${MOST_VALUES} members and elements`,
  forbidden_member: () => 'no member may be called __proto__ or hold U+0000',
  inexact_number: () => 'send no whole number beyond 2⁵³, and none of more digits than a double holds',
  too_deep: (levels) => `the body may nest ${levels} levels`,
} as const satisfies Record<StrictJsonReason, (levels: number) => string>;

const MEDIA_TYPE = 'application/x-www-form-urlencoded';

/**
 * The parameters of an OAuth request. One without a value counts as left out, unknown ones are ignored, and one
 * that stands twice is refused as `invalid_request` (RFC 6749 §3.2).
 */
export async function readForm(
  request: IncomingMessage,
  maxBytes: number,
): Promise<ReadonlyMap<string, string>> {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readText(request, MEDIA_TYPE, maxBytes))) {
    if (value === '') continue;
    if (form.has(name)) throw new KeywardError('invalid_request', 'a parameter stands twice');
    form.set(name, value);
  }
  return form;
}
