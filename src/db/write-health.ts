import type { AuditEvent } from '../kernel/audit.ts';
import type { BrokenChain } from '../kernel/audit-chain.ts';
import type { KeywardError } from '../kernel/errors.ts';
import { type Condition, StoreFailure, toKeywardError } from './failure.ts';
import type { OwedState } from './signed/own-changes.ts';

/** What the log should say of the store: once when writing begins to fail, once when it works again. */
export type StoreEvent =
  | {
      readonly name: 'write_failed';
      readonly condition: Condition | 'writer_lost';
      readonly cause: unknown;
    }
  | { readonly name: 'write_recovered' }
  /** Records cannot be looked up, so none is written until they can. */
  | { readonly name: 'read_failed'; readonly condition: Condition; readonly cause: unknown }
  | { readonly name: 'read_recovered' }
  /** A group of records waited until what another front restricted was followed. */
  | { readonly name: 'group_fenced' }
  /** What became of an urgent change that was acknowledged before standbys had it. */
  | { readonly name: 'urgent_change'; readonly state: OwedState; readonly change: AuditEvent }
  /** Such a change could not be written to the disk of this host: it is in memory and on the primary alone. */
  | { readonly name: 'urgent_change_unkept'; readonly cause: unknown }
  /** The audit trail has another end than this process wrote; told once. */
  | { readonly name: 'audit_trail_changed' };

/** What a failed write says of the ledger itself. */
export function brokenBy(event: StoreEvent, lastGroup: number): BrokenChain | undefined {
  if (event.name !== 'write_failed' || event.condition !== 'foreign_group') return undefined;
  return { place: `group ${lastGroup}`, why: 'the ledger does not end with it, as the service left it' };
}

/** Maps the errors of writing, and tells of the first of each kind that makes the store unavailable, and of the end. */
export class WriteHealth {
  readonly #onEvent: (event: StoreEvent) => void;
  #failing: Condition | 'writer_lost' | undefined;

  constructor(onEvent: (event: StoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** A write that only this server has says nothing of those that standbys are to have. */
  async watch<T>(write: () => Promise<T>, isWhole = (_: T) => true): Promise<T> {
    try {
      const result = await write();
      if (isWhole(result)) this.#succeeded();
      return result;
    } catch (error) {
      const mapped = toKeywardError(error);
      if (mapped.code === 'store_unavailable') this.#failed(mapped);
      throw mapped;
    }
  }

  #succeeded(): void {
    if (!this.#failing) return;
    this.#failing = undefined;
    this.#onEvent({ name: 'write_recovered' });
  }

  #failed({ cause }: KeywardError): void {
    const condition = (cause instanceof StoreFailure && cause.condition) || 'writer_lost';
    if (this.#failing === condition) return;
    this.#failing = condition;
    this.#onEvent({ name: 'write_failed', condition, cause });
  }
}
