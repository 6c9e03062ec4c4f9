import type { Transaction } from 'kysely';
import { AUDIT_GENESIS, type ChainHead } from '../kernel/audit-chain.ts';
import type { ChainHeads, ChainName } from '../domain/checkpoint.ts';
import { auditHead } from './append-audit-event.ts';
import { revocationHead } from './revocations.ts';
import type { Schema } from './schema.ts';
import { registryHead } from './signed/registry-head.ts';

type Trx = Transaction<Schema>;

interface ChainReader {
  head(trx: Trx): Promise<ChainHead>;
  hashAt(trx: Trx, sequence: number): Promise<Uint8Array | undefined>;
}

/** How each chain of a checkpoint is read. No chain has an element 0: there it stands at its beginning. */
const READERS = {
  audit: {
    head: auditHead,
    hashAt: async (trx, sequence) => {
      const query = trx.selectFrom('audit_events').select('hash').where('sequence', '=', sequence);
      return (await query.executeTakeFirst())?.hash;
    },
  },
  ledger: {
    head: async (trx) => {
      const last = await trx
        .selectFrom('ledger_groups')
        .select(['sequence', 'group_hash as hash'])
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst();
      return last ?? AUDIT_GENESIS;
    },
    hashAt: async (trx, sequence) => {
      const query = trx.selectFrom('ledger_groups').select('group_hash').where('sequence', '=', sequence);
      return (await query.executeTakeFirst())?.group_hash;
    },
  },
  revocations: {
    head: revocationHead,
    hashAt: async (trx, sequence) => {
      const query = trx.selectFrom('revocations').select('hash').where('sequence', '=', sequence);
      return (await query.executeTakeFirst())?.hash;
    },
  },
  // Signed heads replace each other: only the last can be held against a checkpoint.
  registry: {
    head: registryHead,
    hashAt: async (trx, sequence) => {
      const head = await registryHead(trx);
      return head.sequence === sequence ? head.hash : undefined;
    },
  },
} as const satisfies Record<ChainName, ChainReader>;

export async function readHeads(trx: Trx): Promise<ChainHeads> {
  return {
    audit: await READERS.audit.head(trx),
    ledger: await READERS.ledger.head(trx),
    revocations: await READERS.revocations.head(trx),
    registry: await READERS.registry.head(trx),
  };
}

export async function hashAt(trx: Trx, chain: ChainName, sequence: number): Promise<Uint8Array | undefined> {
  if (sequence === 0) return AUDIT_GENESIS.hash;
  const reader: ChainReader = READERS[chain];
  return await reader.hashAt(trx, sequence);
}
