import { parseEscaped } from './parse-escaped.ts';

export type StrictJsonReason =
  | 'not_json'
  | 'not_object'
  | 'duplicate_member'
  | 'too_deep'
  | 'too_many_values'
  | 'forbidden_member';

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

/**
 * One JSON object, each member of which is named once, also in what is nested (RFC 7519 §4). An object or array
 * counts as one level, the outermost too. `__proto__` is refused wherever it names a member. Takes linear time.
 * Throws `StrictJsonError`.
 */
export function parseStrictObject(text: string, limits: { maxDepth: number }): Record<string, unknown> {
  const value = parseStrict(text, limits);
  if (!isContainer(value) || Array.isArray(value)) throw new StrictJsonError('not_object');
  return value;
}

/** Any JSON value, as strictly. Throws `StrictJsonError`. */
export function parseStrict(text: string, limits: { maxDepth: number }): unknown {
  const written = countWrittenMembers(text, limits.maxDepth);
  const parsed = parse(text);
  const value = text.includes('\\') ? parseEscaped(text) : parsed;
  // The last of several members of one name stays: what is missing afterwards was a duplicate.
  if (countMembers(value) !== written) throw new StrictJsonError('duplicate_member');
  return value;
}

/**
 * Whether it holds a number that reading has changed, or may have: a whole one beyond 2⁵³, or one too large for
 * any (RFC 7493 §2.2).
 */
export function holdsInexactNumber(value: unknown): boolean {
  if (typeof value === 'number')
    return Number.isInteger(value) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
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
  if (typeof value === 'string') refuseHalfPairs(value);
  if (!isContainer(value)) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countMembers(element);
    return members;
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw new StrictJsonError('forbidden_member');
    refuseHalfPairs(name);
    members += 1 + countMembers(value[name]);
  }
  return members;
}

function refuseHalfPairs(text: string): void {
  if (!text.isWellFormed()) throw new StrictJsonError('not_json');
}

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

/**
 * Colons outside strings. Before the text is parsed: refuses what would take long to read, as `too_deep` or
 * `too_many_values`. Of what is not JSON the count means nothing.
 */
function countWrittenMembers(text: string, maxDepth: number): number {
  let members = 0;
  let commas = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === COLON) members++;
    else if (unit === COMMA) {
      if (++commas > MOST_VALUES) throw new StrictJsonError('too_many_values');
    } else if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
      if (++depth > maxDepth) throw new StrictJsonError('too_deep');
    } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) depth--;
  }
  return members;
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
