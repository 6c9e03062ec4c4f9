import { createHash } from 'node:crypto';

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
