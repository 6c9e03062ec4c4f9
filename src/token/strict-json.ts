export type StrictJsonReason =
  | 'not_json'
  | 'not_object'
  | 'duplicate_member'
  | 'too_deep'
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

/**
 * One JSON object, each member of which is named once, also in what is nested (RFC 7519 §4). An object or array
 * counts as one level, the outermost too. `__proto__` is refused wherever it names a member. Takes linear time.
 * Throws `StrictJsonError`.
 */
export function parseStrictObject(text: string, limits: { maxDepth: number }): Record<string, unknown> {
  const value = parse(text);
  if (!isContainer(value) || Array.isArray(value)) throw new StrictJsonError('not_object');
  // JSON.parse keeps the last of several members of one name: what is missing afterwards was a duplicate.
  if (countMembers(value, limits.maxDepth) !== countWrittenMembers(text)) {
    throw new StrictJsonError('duplicate_member');
  }
  return value;
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

function countMembers(value: unknown, levels: number): number {
  if (typeof value === 'string') refuseHalfPairs(value);
  if (!isContainer(value)) return 0;
  if (levels < 1) throw new StrictJsonError('too_deep');
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countMembers(element, levels - 1);
    return members;
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw new StrictJsonError('forbidden_member');
    refuseHalfPairs(name);
    members += 1 + countMembers(value[name], levels - 1);
  }
  return members;
}

function refuseHalfPairs(text: string): void {
  if (!text.isWellFormed()) throw new StrictJsonError('not_json');
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Colons outside strings; the text is known to be JSON. */
function countWrittenMembers(text: string): number {
  let members = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) inString = !inString;
    else if (inString && unit === BACKSLASH) at++;
    else if (!inString && unit === COLON) members++;
  }
  return members;
}
