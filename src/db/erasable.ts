import type { Transaction } from 'kysely';
import type { Actor } from '../kernel/actor.ts';
import type { Schema } from './schema.ts';

type Trx = Transaction<Schema>;

export interface ErasedBy {
  readonly actor: Actor;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** Personal values that a capability keeps in tables of its own. `keyward ledger erase --subject` walks the list of them. */
export interface Erasable {
  /** Erases what names the subject, at most `limit` of it, with audit events; answers how much. */
  eraseNaming(trx: Trx, subject: string, limit: number, by: ErasedBy): Promise<number>;
  /** Erases what is kept about tokens of these digests, with audit events; answers how much. */
  eraseAbout(trx: Trx, digests: readonly Uint8Array[], by: ErasedBy): Promise<number>;
  /** Ids of what names the subject and people still work on: erasing it takes two persons. */
  openNaming(trx: Trx, subject: string): Promise<readonly string[]>;
  /** The same about tokens: digest (base64url) → id. */
  openByDigest(trx: Trx): Promise<ReadonlyMap<string, string>>;
}
