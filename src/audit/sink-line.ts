import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { gunzipSync } from 'node:zlib';
import type { AuditEvent, DeliveryPosition, StoredEvent } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';

import { isObject } from '../lib/json.ts';
import { isPacked } from './sink-files.ts';

type Members = Readonly<Record<string, unknown>>;

/** One line of JSON, without its end. Hashes in base64url. */
export function writeSinkLine(entry: SinkEntry): string {
  return JSON.stringify(lineOf(entry));
}

function lineOf(entry: SinkEntry): object {
  switch (entry.kind) {
    case 'audit_key':
      return { audit_key: entry.publicJwk };
    case 'event':
      return { event: eventMembers(entry.event) };
    case 'checkpoint':
      return { checkpoint: { number: entry.number, jws: entry.jws } };
    case 'intent': {
      const { type, actor, subject, requestId: request_id, traceId: trace_id = null, details } = entry.event;
      return { intent: { time: entry.time, type, actor, subject, request_id, trace_id, details } };
    }
  }
}

/** An event as sinks, exports and the operations plane write it. */
export function eventMembers(event: StoredEvent): Record<string, unknown> {
  const { sequence, time, type, actor, subject, requestId, traceId, detailsJson, hash } = event;
  const details = parsed(detailsJson);
  return {
    sequence,
    time,
    type,
    actor,
    subject,
    request_id: requestId,
    trace_id: traceId,
    details,
    hash: Buffer.from(hash).toString('base64url'),
  };
}

/**
 * Undefined for what is no line of ours. What JSON writes, it reads and writes again the same, so the details
 * come back as they were hashed.
 */
export function readSinkLine(line: string): SinkEntry | undefined {
  const members = parsed(line);
  if (!isObject(members)) return undefined;
  const { event, checkpoint, audit_key: key, intent } = members;
  if (isObject(event)) return eventEntry(event);
  if (isObject(checkpoint)) return checkpointEntry(checkpoint);
  if (isObject(key)) return { kind: 'audit_key', publicJwk: key as PublicJwk };
  if (isObject(intent)) return intentEntry(intent);
  return undefined;
}

function eventEntry(of: Members): SinkEntry | undefined {
  const { sequence, time, type, actor, subject, request_id: requestId, trace_id: traceId, hash } = of;
  const texts = [type, actor, subject, hash].every((text) => typeof text === 'string');
  if (!texts || !Number.isSafeInteger(sequence) || !Number.isSafeInteger(time)) return undefined;
  if (![requestId, traceId].every((id) => id === null || typeof id === 'string')) return undefined;
  const detailsJson = JSON.stringify(of.details);
  const event = { sequence, time, type, actor, subject, requestId, traceId, detailsJson };
  return {
    kind: 'event',
    event: { ...event, hash: Buffer.from(hash as string, 'base64url') } as StoredEvent,
  };
}

function checkpointEntry({ number, jws }: Members): SinkEntry | undefined {
  if (typeof number !== 'number' || typeof jws !== 'string') return undefined;
  return { kind: 'checkpoint', number, jws };
}

function intentEntry({ time, request_id: requestId, trace_id: traceId, ...event }: Members): SinkEntry {
  return { kind: 'intent', time, event: { ...event, requestId, traceId } } as SinkEntry;
}

/** What is no JSON stays the text it is: it shows as a hash that does not fit. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const CHUNK_BYTES = 1 << 20;

/** What is longer is no line of ours, and comes in pieces. */
const LONGEST_LINE = 64 * CHUNK_BYTES;

/** Of a packed file, which is read at once. */
const MOST_UNPACKED = 1 << 30;

/** The lines of a file of any size; the last one may have no end. A name that ends with `.gz` is unpacked. */
export function* linesOf(file: string): Generator<string> {
  for (const { line } of endedLinesOf(file)) yield line;
}

/** The same, each with whether it has its end. */
export function* endedLinesOf(file: string): Generator<{ readonly line: string; readonly isEnded: boolean }> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for (const chunk of isPacked(file) ? unpacked(file) : chunksOf(file)) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield { line, isEnded: true };
    if (rest.length < LONGEST_LINE) continue;
    yield { line: rest, isEnded: false };
    rest = '';
  }
  if (rest !== '') yield { line: rest, isEnded: false };
}

function* chunksOf(file: string): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(descriptor);
  }
}

function* unpacked(file: string): Generator<Buffer> {
  const content = gunzipSync(readFileSync(file), { maxOutputLength: MOST_UNPACKED });
  for (let at = 0; at < content.length; at += CHUNK_BYTES) yield content.subarray(at, at + CHUNK_BYTES);
}

/** One line of a sink or an export. */
export type SinkEntry =
  | { readonly kind: 'audit_key'; readonly publicJwk: PublicJwk }
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'checkpoint'; readonly number: number; readonly jws: string }
  /** A change that weakens, told before it is made; the event follows once it is. */
  | { readonly kind: 'intent'; readonly time: number; readonly event: AuditEvent };

/** The last of each that a sink holds. */
export interface SinkTail {
  readonly event: { readonly sequence: number; readonly hash: Uint8Array } | undefined;
  readonly checkpoint: { readonly number: number; readonly jws: string } | undefined;
}

/** Tells what the trail has, to the letter, of what a sink shows: anybody may have written to the sink. */
export interface TrailCheck {
  hasEvent(event: NonNullable<SinkTail['event']>): Promise<boolean>;
  hasCheckpoint(checkpoint: NonNullable<SinkTail['checkpoint']>): Promise<boolean>;
}

/** What somebody else did to a sink. */
export interface SinkChange {
  /** `rotated`: every line is kept. `lost`: what it had confirmed is gone. `foreign`: somebody else wrote to it. */
  readonly kind: 'rotated' | 'lost' | 'foreign';
  readonly why: string;
  /** How far it reaches by what the trail has as well: from there on it is to be given everything again. */
  readonly reach: DeliveryPosition;
}

/** Where the audit trail is kept a second time. */
export interface AuditSink {
  readonly name: string;
  /** Undefined where the sink cannot be read back. */
  tail(): Promise<SinkTail | undefined>;
  /** All that it holds, from the beginning; undefined where the sink cannot be read back. */
  history(): Iterable<SinkEntry> | undefined;
  /**
   * What somebody else did to it since it was last written, told once; undefined where nothing, or where it cannot be
   * seen. `confirmed` is how far it got; of what it holds, only what `trail` has counts.
   */
  examine(confirmed: DeliveryPosition, trail: TrailCheck): Promise<SinkChange | undefined>;
  /** Settles once the entries are there, as durably as the sink can tell. Never called twice at a time. */
  write(entries: readonly SinkEntry[]): Promise<void>;
  /** Gives up what hangs; the next write begins anew. */
  reset(): void;
}
