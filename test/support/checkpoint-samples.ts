import type { Checkpoint } from '../../src/kernel/audit-chain.ts';

const head = (sequence: number, fill: number) => ({ sequence, hash: Buffer.alloc(32, fill) });

export const CHECKPOINT: Checkpoint = {
  number: 1,
  previous: Buffer.alloc(32),
  time: 1_760_000_000,
  heads: { audit: head(3, 1), ledger: head(2, 2), registry: head(5, 4) },
};
