import type { AuditLog } from '../kernel/audit.ts';
import { CHAINS, type ChainHead, type ChainHeads, type ChainName } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import { isAcknowledged, isEndAcknowledged, type RecordGap } from '../kernel/record-gap.ts';
import { type AuditPublicKey, readCheckpoint } from '../token/checkpoint.ts';
import type { SinkTail } from './sink-line.ts';

type Log = Pick<AuditLog, 'heads' | 'hashAt'>;

export interface SinkCheckpoint {
  /** The sink's name, or `database` for its own last checkpoint. */
  readonly name: string;
  readonly tail: SinkTail;
  /** A version of the registry that was committed, where the witness knows one. */
  readonly registry?: number;
  /** Where the ledger was acknowledged up to, where the witness knows that, and when; seconds since the epoch. */
  readonly ledger?: ChainHead & { readonly at: number };
}

/**
 * Holds the database against what each witness saw of it, but for the gaps that two persons know of.
 * `database_restored` where it is behind, or goes another way: an older copy was put back, or its end was cut off.
 * `invalid_config` where the witness speaks of another service.
 */
export async function refuseRollback(
  log: Log,
  sinkCheckpoints: readonly SinkCheckpoint[],
  auditKey: AuditPublicKey,
  gaps: readonly RecordGap[],
): Promise<void> {
  const now = await log.heads();
  for (const { name, tail, registry = 0, ledger } of sinkCheckpoints) {
    if (now.registry.sequence < registry) throw olderRegistry(name, registry, now.registry.sequence);
    if (ledger && !isEndAcknowledged(gaps, ledger))
      await requireSeen(log, now, { sinkName: name, chain: 'ledger', ...ledger });
    if (tail.event) await requireSeen(log, now, { sinkName: name, chain: 'audit', ...tail.event });
    if (!tail.checkpoint) continue;
    const checkpoint = await readCheckpoint(tail.checkpoint.jws, auditKey);
    if (!checkpoint) throw foreign(name, tail.checkpoint.number);
    for (const chain of CHAINS) {
      const head = checkpoint.heads[chain];
      if (isAcknowledged(gaps, checkpoint.number, chain, head.sequence)) continue;
      await requireSeen(log, now, { sinkName: name, chain, ...head });
    }
  }
}

interface SeenElement {
  readonly sinkName: string;
  readonly chain: ChainName;
  readonly sequence: number;
  readonly hash: Uint8Array;
}

async function requireSeen(log: Log, now: ChainHeads, seen: SeenElement): Promise<void> {
  const { chain, sequence, hash } = seen;
  if (now[chain].sequence < sequence) {
    throw restored(seen, `the database ends at ${now[chain].sequence}, which is older`);
  }
  const found = await log.hashAt(chain, sequence);
  // Of the registry only the newest head is kept.
  if (found === undefined && chain === 'registry') return;
  if (found === undefined || Buffer.compare(found, hash) !== 0) {
    throw restored(seen, 'the database has something else there');
  }
}

function olderRegistry(sinkName: string, sequence: number, end: number): KeywardError {
  const seen = { sinkName, chain: 'registry', sequence, hash: new Uint8Array() } as const;
  return restored(seen, `the database ends at ${end}, which is older`);
}

function restored({ sinkName, chain, sequence }: SeenElement, what: string): KeywardError {
  return new KeywardError(
    'database_restored',
    `${sinkName} has seen ${chain} ${sequence}, and ${what}. Put the newer database back. If it is lost, read ` +
      'docs/runbooks/restored-database.md before anything else: revocations and compromises may be missing.',
  );
}

function foreign(sinkName: string, number: number): KeywardError {
  return new KeywardError(
    'invalid_config',
    `checkpoint ${number} in ${sinkName} is not signed by hsm.audit_key: the sink belongs to another service`,
  );
}
