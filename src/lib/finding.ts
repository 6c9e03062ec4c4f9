import { type Stats, statSync } from 'node:fs';

/** One thing that `keyward doctor` looked at: what it means, and what to do where it is not well. */
export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly summary: string;
  readonly advice?: string;
}

export const ok = (check: string, summary: string): Finding => ({ check, level: 'ok', summary });

export const warn = (check: string, summary: string, advice: string): Finding => ({
  check,
  level: 'warn',
  summary,
  advice,
});

export const fail = (check: string, summary: string, advice: string): Finding => ({
  check,
  level: 'fail',
  summary,
  advice,
});

/** Undefined where there is no such file, or a folder on the way may not be entered. */
export function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** What group and others may do with it, such as `rw-r--r--`'s last six bits; 0 is nothing. */
export const openToOthers = (status: Stats): number => status.mode & 0o077;

export const writableByOthers = (status: Stats): number => status.mode & 0o022;

/** `0640`, as chmod writes it. */
export const octal = (status: Stats): string => `0${(status.mode & 0o777).toString(8).padStart(3, '0')}`;
