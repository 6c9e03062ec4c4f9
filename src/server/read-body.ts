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
import { validated } from './validated.ts';

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
  forbidden_member: () => 'no member may be called __proto__',
  inexact_number: () => 'a number would change when it is read as a double: send what a double holds',
  too_deep: (levels) => `the body may nest ${levels} levels`,
} as const satisfies Record<StrictJsonReason, (levels: number) => string>;
