import type { KeyAnswer, KeyOutcomeAnswer, RotationAnswer } from './answers.ts';
import type { Context } from './context.ts';
import { stateCell } from './describe-keys.ts';
import { type Cell, fields } from './text.ts';
import { humanTime } from './time.ts';

/** What became of a key, and which one signs in its place. */
export function describeOutcome({ key, promoted, already }: KeyOutcomeAnswer, context: Context): string {
  const { terminal } = context;
  const pairs: [string, Cell][] = [
    ['key', key.kid],
    ['scope', key.scope],
    ['state', already ? `${key.state} already; nothing was changed` : stateCell(key.state)],
    ['private half', privateKey(key, context)],
  ];
  if (promoted) pairs.push(['signs now', promoted.kid], ['signs until', until(promoted, context)]);
  return fields(pairs, terminal.colour);
}

export function describeRotation({ activated, deactivated }: RotationAnswer, context: Context): string {
  return fields(
    [
      ['scope', activated.scope],
      ['signs now', activated.kid],
      ['signs until', until(activated, context)],
      ['signed before', deactivated?.kid ?? 'none'],
    ],
    context.terminal.colour,
  );
}

function until(key: KeyAnswer, { terminal }: Context): string {
  return humanTime(key.sign_until, terminal.nowSeconds);
}

function privateKey(key: KeyAnswer, { terminal }: Context): string {
  if (key.private_half_destroyed_at !== null) {
    return `destroyed ${humanTime(key.private_half_destroyed_at, terminal.nowSeconds)}`;
  }
  if (key.kept_for_forensics) return 'kept in the HSM for an investigation';
  return GOING.has(key.state) ? 'goes as soon as the HSM is there' : 'in the HSM';
}

const GOING: ReadonlySet<string> = new Set(['compromised', 'destroyed']);
