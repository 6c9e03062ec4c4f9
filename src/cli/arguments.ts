import { InvalidArgumentError } from 'commander';
import { wholeNumber } from './whole-number.ts';

/** The space is how tables print it. */
const FORMS = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Commander's parser for moments: a day, which begins at midnight UTC, or RFC 3339; in seconds since the epoch. */
export function instant(text: string): number {
  const ms = FORMS.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Use a day such as 2026-12-01, or 2026-12-01T08:00Z.');
  return Math.floor(ms / 1_000);
}

/** As `instant`, and seconds since the epoch, which is how `--json` tells times. */
export function instantOrSeconds(text: string): number {
  return /^\d+$/.test(text) ? wholeNumber(text) : instant(text);
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
