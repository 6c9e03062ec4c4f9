import type { AuditEvent } from './audit.ts';
import type { ChainedEvent } from './audit-chain.ts';
import type { PublicJwk } from './key.ts';

export interface StoredEvent extends ChainedEvent {
  readonly hash: Uint8Array;
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

/** Where the audit trail is kept a second time. */
export interface AuditSink {
  readonly name: string;
  /** Undefined where the sink cannot be read back. */
  tail(): Promise<SinkTail | undefined>;
  /** All that it holds, from the beginning; undefined where the sink cannot be read back. */
  history(): Iterable<SinkEntry> | undefined;
  /** Settles once the entries are there, as durably as the sink can tell. Never called twice at a time. */
  write(entries: readonly SinkEntry[]): Promise<void>;
  /** Gives up what hangs; the next write begins anew. */
  reset(): void;
}

/** Asked before a change that weakens is made. */
export interface SinkGate {
  /** Settles once a sink holds the intent. `audit_sink_unavailable` when none does in time. */
  confirm(event: AuditEvent): Promise<void>;
}
