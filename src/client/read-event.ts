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

interface StreamedEvent {
  readonly name: string;
  readonly data: string;
}

/** What `Last-Event-ID` can carry. The service's own ids have 27 characters at most. */
const SENDABLE_ID = /^[!-~]{1,64}$/;

/** A page of revocations takes some 40 KiB. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Server-sent events as the HTML standard frames them (§9.2.6), as far as one server of ours writes them. Keeps
 * the id to resume after.
 */
export class EventLines {
  /** Empty where nothing may be resumed. */
  lastEventId = '';
  #text = '';
  #id: string | undefined;
  #name = '';
  #data: string[] = [];
  #length = 0;

  /** The events that the text completes. Throws for one that is too long. */
  *take(text: string): Generator<StreamedEvent> {
    this.#text += text;
    const lines = this.#text.split(/\r\n|\n|\r(?!$)/);
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      this.#limit(line.length);
      if (line === '') yield* this.#dispatch();
      else this.#field(line);
    }
    if (this.#text.length > MAX_EVENT_LENGTH) this.#limit(this.#text.length);
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#name = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.#id = SENDABLE_ID.test(value) ? value : '';
  }

  *#dispatch(): Generator<StreamedEvent> {
    const event = { name: this.#name, data: this.#data.join('\n') };
    const [id, hasData] = [this.#id, this.#data.length > 0];
    this.#id = undefined;
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    if (hasData) yield event;
    // Only what was taken in full may be resumed after.
    if (id !== undefined) this.lastEventId = id;
  }

  #limit(added: number): void {
    this.#length += added;
    if (this.#length > MAX_EVENT_LENGTH) throw new Error('an event is too long');
  }
}
