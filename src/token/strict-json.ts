import { areFolded, foldName } from '../kernel/claim-names.ts';
import { isExactNumber, isPortableNumber, parsePiecewise } from './exact-number.ts';

export type StrictJsonReason =
  | 'not_json'
  | 'not_object'
  | 'duplicate_member'
  | 'lookalike_members'
  | 'too_deep'
  | 'too_many_values'
  | 'forbidden_member'
  | 'inexact_number';

/** Why a text was refused. `not_json` also where a string holds half a surrogate pair (RFC 7493 §2.1). */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  readonly reason: StrictJsonReason;

  constructor(reason: StrictJsonReason) {
    super(`refused as ${reason}`);
    this.reason = reason;
  }
}

/** Members and elements of one text: what reading costs grows with them, not with bytes. */
export const MOST_VALUES = 65_536;

export interface StrictJsonLimits {
  /** An object or array counts as one level, the outermost too. */
  readonly maxDepth: number;
  /** What becomes of a number that is not exact: refused, or read as `NaN`. */
  readonly inexactNumbers?: 'refuse' | 'as_nan';
}

/**
 * One JSON object that every reader reads alike: each member is named once, no two names fold to one, also in what
 * is nested (RFC 7519 §4), and no number changes (RFC 7493 §2.2). No name is `__proto__` or holds
 * U+0000. Takes linear time. Throws `StrictJsonError`.
 */
export function parseStrictObject(text: string, limits: StrictJsonLimits): Record<string, unknown> {
  const value = parseStrict(text, limits);
  if (!isContainer(value) || Array.isArray(value)) throw new StrictJsonError('not_object');
  return value;
}

/** Any JSON value, as strictly. Throws `StrictJsonError`. */
export function parseStrict(
  text: string,
  { maxDepth, inexactNumbers = 'refuse' }: StrictJsonLimits,
): unknown {
  const { members, exact } = scan(text, maxDepth);
  const parsed = parse(text);
  if (!exact && inexactNumbers === 'refuse') throw new StrictJsonError('inexact_number');
  const value = text.includes('\\') || !exact ? parsePiecewise(text) : parsed;
  // The last of several members of one name stays: what is missing afterwards was a duplicate.
  if (countMembers(value) !== members) throw new StrictJsonError('duplicate_member');
  return value;
}

/** Whether it holds a number that reading has changed, or may have (RFC 7493 §2.2). */
export function holdsInexactNumber(value: unknown): boolean {
  if (typeof value === 'number') return !isPortableNumber(value);
  return isContainer(value) && Object.values(value).some(holdsInexactNumber);
}

/** Whether objects and arrays nest deeper than that; `{}` is one level, a string none. */
export function exceedsDepth(value: unknown, levels: number): boolean {
  if (!isContainer(value)) return false;
  return levels < 1 || Object.values(value).some((member) => exceedsDepth(member, levels - 1));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StrictJsonError('not_json');
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function countMembers(value: unknown): number {
  if (typeof value === 'string') refuseLoneSurrogates(value);
  if (!isContainer(value)) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countMembers(element);
    return members;
  }
  const names = Object.keys(value);
  refuseOddNames(names);
  for (const name of names) {
    if (name === '__proto__') throw new StrictJsonError('forbidden_member');
    refuseLoneSurrogates(name);
    members += 1 + countMembers(value[name]);
  }
  return members;
}

/**
 * Some readers take names that fold alike for one, and the last of them wins (Go's encoding/json). Some end a name at
 * U+0000 (C), others drop it.
 */
function refuseOddNames(names: readonly string[]): void {
  if (areFolded(names)) return;
  if (names.some((name) => name.includes('\0'))) throw new StrictJsonError('forbidden_member');
  if (new Set(names.map(foldName)).size !== names.length) throw new StrictJsonError('lookalike_members');
}

function refuseLoneSurrogates(text: string): void {
  if (!text.isWellFormed()) throw new StrictJsonError('not_json');
}

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const IN_NUMBER = new Set([...'-+.0123456789eE'].map((character) => character.charCodeAt(0)));
const MINUS = 0x2d;
const [ZERO, NINE] = [0x30, 0x39];
const BACKSLASH = 0x5c;
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

/**
 * Colons outside strings, and whether all numbers are exact. Before the text is parsed: refuses what would take long
 * to read, as `too_deep` or `too_many_values`. Of what is not JSON the answer means nothing.
 */
function scan(text: string, maxDepth: number): { members: number; exact: boolean } {
  let members = 0;
  let exact = true;
  let commas = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === COLON) members++;
    else if (unit === MINUS || (unit >= ZERO && unit <= NINE)) {
      const end = endOfNumber(text, at);
      exact &&= isExactNumber(text.slice(at, end));
      at = end - 1;
    } else if (unit === COMMA) {
      if (++commas > MOST_VALUES) throw new StrictJsonError('too_many_values');
    } else if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
      if (++depth > maxDepth) throw new StrictJsonError('too_deep');
    } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) depth--;
  }
  return { members, exact };
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && IN_NUMBER.has(text.charCodeAt(at))) at++;
  return at;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) break;
    at += unit === BACKSLASH ? 2 : 1;
  }
  return at;
}
