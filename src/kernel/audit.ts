import type { AuditEvent } from '../domain/audit.ts';
import type { ChainedEvent } from './audit-chain.ts';
import type { PublicJwk } from './key.ts';

export interface StoredEvent extends ChainedEvent {
  readonly hash: Uint8Array;
}

/** With the seal of the run that wrote it; null in a database from before there were runs. */
export interface SealedEvent extends StoredEvent {
  readonly runId: string | null;
  readonly seal: Uint8Array | null;
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

/** What somebody else did to a sink. */
export interface SinkChange {
  readonly why: string;
  /** Whether entries that it had are gone from it. */
  readonly isLost: boolean;
}

/** Where the audit trail is kept a second time. */
export interface AuditSink {
  readonly name: string;
  /** Undefined where the sink cannot be read back. */
  tail(): Promise<SinkTail | undefined>;
  /** All that it holds, from the beginning; undefined where the sink cannot be read back. */
  history(): Iterable<SinkEntry> | undefined;
  /** What somebody else did to it since it was last written, told once; undefined where nothing, or where it cannot be seen. */
  examine(): Promise<SinkChange | undefined>;
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
