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
