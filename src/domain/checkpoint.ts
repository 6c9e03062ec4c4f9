import type { ChainHead } from '../kernel/audit-chain.ts';
import type { PublicJwk } from '../kernel/key.ts';

/** What a checkpoint holds fast. A chain without elements stands at sequence 0 with 32 zero bytes. */
export const CHAINS = ['audit', 'ledger', 'revocations', 'registry'] as const;
export type ChainName = (typeof CHAINS)[number];

/** Where each chain stands, all at one moment; the registry's sequence is the number of its last signed change. */
export type ChainHeads = Readonly<Record<ChainName, ChainHead>>;

/** What the audit key vouches for: whoever keeps a copy can tell later that nothing before it was rewritten. */
export interface Checkpoint {
  /** 1, 2, 3 …: a missing number is a checkpoint taken away. */
  readonly number: number;
  /** SHA-256 of the compact JWS of the checkpoint before; 32 zero bytes for the first. */
  readonly previous: Uint8Array;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly heads: ChainHeads;
}

export interface StoredCheckpoint extends Pick<Checkpoint, 'number' | 'time'> {
  readonly auditSequence: number;
  /** Compact, typ `kw-checkpoint+jwt`, by the audit key. */
  readonly jws: string;
}

export function mapChains<T>(of: (name: ChainName) => T): Record<ChainName, T> {
  return {
    audit: of('audit'),
    ledger: of('ledger'),
    revocations: of('revocations'),
    registry: of('registry'),
  };
}

/** Where anyone gets the newest checkpoint, to keep a copy. */
export interface CheckpointSource {
  readonly auditKey: { readonly kid: string; readonly publicJwk: PublicJwk };
  /** Undefined before the first was taken. */
  latest(): StoredCheckpoint | undefined;
}
