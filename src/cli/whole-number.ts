import { InvalidArgumentError } from 'commander';

/** Commander's parser for options that are counts or spans; the service knows their bounds. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Use a whole number.');
  return Number(text);
}
