import { InvalidArgumentError } from 'commander';

const FORMS = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Commander's parser for moments: a day, which begins at midnight UTC, or RFC 3339; in seconds since the epoch. */
export function instant(text: string): number {
  const ms = FORMS.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Use a day such as 2026-12-01, or 2026-12-01T08:00Z.');
  return Math.floor(ms / 1_000);
}
