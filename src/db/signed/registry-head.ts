import { createHash } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { ChainHead } from '../../kernel/audit-chain.ts';
import type { Schema } from '../schema.ts';
import { readHead } from './read-stored.ts';

/** For a checkpoint: the number of the last signed change, and SHA-256 of the signed head. */
export async function registryHead(trx: Transaction<Schema>): Promise<ChainHead> {
  const head = await readHead(trx);
  if (!head) return { sequence: 0, hash: new Uint8Array(32) };
  return { sequence: head.version, hash: createHash('sha256').update(head.signature).digest() };
}
