import type { BrokenChain } from '../domain/broken-chain.ts';
import type { Condition } from './sqlite-failure.ts';

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
  /** The audit trail has another end than this process wrote; told once. */
  | { readonly name: 'audit_trail_changed' };

/** What a failed write says of the ledger itself. */
export function brokenBy(event: StoreEvent, lastGroup: number): BrokenChain | undefined {
  if (event.name !== 'write_failed' || event.condition !== 'foreign_group') return undefined;
  return { place: `group ${lastGroup}`, why: 'the ledger does not end with it, as the service left it' };
}
