import { type ErrorCode, KeywardError } from '../kernel/errors.ts';

export function requireThat(holds: boolean, code: ErrorCode, advice: string): asserts holds {
  if (!holds) throw new KeywardError(code, advice);
}
