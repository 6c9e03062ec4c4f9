import { FIRST_TOKEN } from '../domain/hsm-token.ts';

/** The first token is written as null: rows from before there were others stay as they were signed. */
export function tokenColumn(hsmToken: string): string | null {
  return hsmToken === FIRST_TOKEN ? null : hsmToken;
}

export function tokenOf(column: string | null): string {
  return column ?? FIRST_TOKEN;
}
