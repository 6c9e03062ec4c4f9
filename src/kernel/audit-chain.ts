import { createHash } from 'node:crypto';
import type { PublicJwk } from './key.ts';

/** Where a chain stands: the last element's sequence and hash. */
export interface ChainHead {
  readonly sequence: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** An audit event as it is stored, but for its hash. */
export interface ChainedEvent {
  readonly sequence: number;
  /** Seconds since the epoch, as the clock of that moment had it. */
  readonly time: number;
  readonly type: string;
  readonly actor: string;
  readonly subject: string;
  readonly requestId: string | null;
  /** The text that was hashed: details are compared and hashed as written, never parsed and written again. */
  readonly detailsJson: string;
}

/** Before the first event. */
export const AUDIT_GENESIS: ChainHead = { sequence: 0, hash: new Uint8Array(32) };

const TAG = 'keyward-audit-event-v1';
const ABSENT = Buffer.of(0);
const PRESENT = Buffer.of(1);

/**
 * SHA-256 over the tag, the hash before and every field, each with its length, so that no two events have one
 * encoding. Whoever changes, drops, adds or swaps an event changes every hash that follows.
 */
export function auditEventHash(previous: Uint8Array, event: ChainedEvent): Buffer {
  const hash = createHash('sha256');
  const field = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  field(Buffer.from(TAG));
  field(previous);
  field(wholeNumber(event.sequence));
  field(wholeNumber(event.time));
  for (const text of [event.type, event.actor, event.subject]) field(Buffer.from(text));
  field(event.requestId === null ? ABSENT : Buffer.concat([PRESENT, Buffer.from(event.requestId)]));
  field(Buffer.from(event.detailsJson));
  return hash.digest();
}

/** Eight bytes, two's complement. */
function wholeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** What a checkpoint holds fast. A chain without elements stands at sequence 0 with 32 zero bytes. */
export const CHAINS = ['audit', 'ledger', 'revocations', 'registry'] as const;
export type ChainName = (typeof CHAINS)[number];

/** Where each chain stands, all at one moment; the registry's sequence is the number of its last signed change. */
export type ChainHeads = Readonly<Record<ChainName, ChainHead>>;

/** What the audit key vouches for: whoever keeps a copy can tell later that nothing before it was rewritten. */
export interface Checkpoint {
  /** 1, 2, 3 …: a missing number is a checkpoint taken away. */
  readonly number: number;
  /** SHA-256 of the compact JWS of the checkpoint before; 32 zero bytes for the first. */
  readonly previous: Uint8Array;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly heads: ChainHeads;
}

export interface StoredCheckpoint extends Pick<Checkpoint, 'number' | 'time'> {
  readonly auditSequence: number;
  /** Compact, typ `kw-checkpoint+jwt`, by the audit key. */
  readonly jws: string;
}

export function mapChains<T>(of: (name: ChainName) => T): Record<ChainName, T> {
  return {
    audit: of('audit'),
    ledger: of('ledger'),
    revocations: of('revocations'),
    registry: of('registry'),
  };
}

/** Where anyone gets the newest checkpoint, to keep a copy. */
export interface CheckpointSource {
  readonly auditKey: { readonly kid: string; readonly publicJwk: PublicJwk };
  /** Undefined before the first was taken. */
  latest(): StoredCheckpoint | undefined;
}

/** An element of a chain that is not as it was written. */
export interface BrokenChain {
  /** Where: `event 12`. */
  readonly place: string;
  readonly why: string;
}
