import type { z } from 'zod';
import { KeywardError } from '../kernel/errors.ts';

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
