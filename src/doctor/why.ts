import { KeywardError, operatorText } from '../kernel/errors.ts';
import { errorMessage } from '../lib/text.ts';

/** What an operator is told of a failure. */
export function whyOf(error: unknown): string {
  return error instanceof KeywardError ? operatorText(error) : errorMessage(error);
}
