import { oneLine } from './one-line.ts';

const MOST_CHARACTERS = 300;

/**
 * Why an attempt failed, to be kept and shown. Of what a mail server says only its code: its words may repeat
 * addresses.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  const { command, responseCode, code } = error as Error & Readonly<Record<string, unknown>>;
  if (typeof command === 'string') {
    const status = typeof responseCode === 'number' ? ` with ${responseCode}` : '';
    return cut(`mail server: ${command} failed${status} (${String(code)})`);
  }
  // Where a name has several addresses, each of them failed.
  if (error instanceof AggregateError && error.errors.length > 0) return failureText(error.errors[0]);
  return cut(error.message);
}

function cut(text: string): string {
  return oneLine(text).slice(0, MOST_CHARACTERS);
}
