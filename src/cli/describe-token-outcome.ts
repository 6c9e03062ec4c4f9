import type { TokenOutcomeAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { type Cell, fields, table } from './text.ts';

/** What became of a token's keys, which scopes go on, and which wait. */
export function describeTokenOutcome(answer: TokenOutcomeAnswer, { terminal }: Context): string {
  const { hsm_token, keys, compromised, promoted, waiting, service_keys } = answer;
  const pairs: [string, Cell][] = [
    ['HSM token', hsm_token],
    ['keys', keys === 0 ? 'none: it was compromised before, or holds none' : [`${keys} compromised`, 'red']],
    ['go on', promoted.length === 0 ? 'none' : promoted.map(({ scope }) => scope).join(' ')],
    ['wait', waiting.length === 0 ? 'none' : [waiting.join(' '), 'yellow']],
  ];
  if (service_keys) pairs.push(['also there', ['the registry key and the audit key: enrol new ones', 'red']]);
  const listed = compromised.map(({ kid, scope }): Cell[] => [kid, scope]);
  const parts = [fields(pairs, terminal.colour)];
  if (listed.length > 0) parts.push(table(['compromised', 'scope'], listed, terminal.colour));
  return parts.join('\n\n');
}
