import { type ErrorCode, KeywardError } from '../domain/errors.ts';

export function demand(holds: boolean, code: ErrorCode, advice: string): asserts holds {
  if (!holds) throw new KeywardError(code, advice);
}
