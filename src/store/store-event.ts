import type { Condition } from './sqlite-failure.ts';

/** What the log should say of the store: once when writing begins to fail, once when it works again. */
export type StoreEvent =
  | {
      readonly name: 'write_failed';
      readonly condition: Condition | 'writer_lost';
      readonly cause: unknown;
    }
  | { readonly name: 'write_recovered' };
