import { KEY_STATES, type KeyState } from '../kernel/key.ts';
import type { KeyStanding, RevokedTokens, ScopeEvent } from '../kernel/publication.ts';
import { parseStrictObject } from '../token/strict-json.ts';

type Members = Readonly<Record<string, unknown>>;

const states: readonly unknown[] = KEY_STATES;

const READERS: Readonly<Record<ScopeEvent['type'], (data: Members) => ScopeEvent>> = {
  snapshot: (data) => ({
    type: 'snapshot',
    ...keySetIn(data),
    ...pageIn(data),
    rootClaim: textOrNull(data.root_claim),
  }),
  revocations: (data) => ({ type: 'revocations', ...pageIn(data) }),
  resumed: ({ version }) => ({ type: 'resumed', version: whole(version) }),
  key_set: (data) => ({ type: 'key_set', ...keySetIn(data) }),
  compromised: (data) => ({ type: 'compromised', kid: text(data.kid), version: whole(data.version) }),
  suspended: (data) => ({ type: 'suspended', kid: text(data.kid), version: whole(data.version) }),
  revoked: (data) => ({ type: 'revoked', revocation: ruleIn(data.revocation) }),
};

const readers = new Map<string, (data: Members) => ScopeEvent>(Object.entries(READERS));

/** Undefined for an event that this library does not know. Throws where one that it knows is not as described. */
export function readEvent(name: string, data: string): ScopeEvent | undefined {
  return readers.get(name)?.(parseStrictObject(data, { maxDepth: 8 }));
}

function keySetIn({ version, keys }: Members): { version: number; keys: readonly KeyStanding[] } {
  return { version: whole(version), keys: list(keys).map(standingIn) };
}

function standingIn(value: unknown): KeyStanding {
  const { kid, state } = members(value);
  if (!states.includes(state)) throw new Error('a key has no known state');
  return { kid: text(kid), state: state as KeyState };
}

function pageIn({ revocations, more, incomplete }: Members) {
  return {
    revocations: list(revocations).map(ruleIn),
    more: more === true,
    incomplete: incomplete === true,
  };
}

function ruleIn(value: unknown): RevokedTokens {
  const rule = members(value);
  return {
    sequence: whole(rule.sequence),
    jtiHash: hashOrNull(rule.jti_sha256),
    rootHash: hashOrNull(rule.root_sha256),
    issuedFrom: wholeOrNull(rule.issued_from),
    issuedUntil: wholeOrNull(rule.issued_until),
    ask: rule.ask === true,
    lapsesAt: wholeOrNull(rule.lapses_at),
  };
}

function members(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return value as Members;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('not a list');
  return value;
}

const LONGEST_TEXT = 256;
/** SHA-256 as base64url. */
const HASH = /^[A-Za-z0-9_-]{43}$/;

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) throw new Error('not short text');
  return value;
}

function hashOrNull(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'string' && HASH.test(value)) return value;
  throw new Error('not a hash');
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error('not a whole number');
  return Number(value);
}

const textOrNull = (value: unknown) => (value === null ? null : text(value));
const wholeOrNull = (value: unknown) => (value === null ? null : whole(value));
