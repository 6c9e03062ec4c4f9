import type { Findings, StoredEvent } from '../kernel/audit.ts';
import { AUDIT_GENESIS, auditEventHash, type Checkpoint, mapChains } from '../kernel/audit-chain.ts';
import {
  GROUP_FAULTS,
  type GroupFault,
  groupHash,
  type LedgerGroup,
  linkFault,
  rowsFault,
} from '../kernel/ledger-chain.ts';
import type { AuditPublicKey } from '../token/checkpoint.ts';
import { type AcceptedRestore, AcceptedRestores } from './accepted-restores.ts';
import type { SourceGroup, TrailSource } from './trail-source.ts';
import {
  CheckpointAssertions,
  type SavedCheckpoint,
  type SinkContent,
  verifyCheckpoints,
} from './verify-checkpoints.ts';

/** Recomputes the chain of events; answers how many there are. */
function verifyEvents(
  events: Iterable<StoredEvent>,
  expectations: CheckpointAssertions,
  findings: Findings,
): number {
  let { sequence: last, hash } = AUDIT_GENESIS;
  let count = 0;
  for (const event of events) {
    const place = `event ${event.sequence}`;
    if (event.sequence > last + 1) {
      findings.add('audit', 'gap', `event ${last + 1}`, `after event ${last} comes event ${event.sequence}`);
    } else if (event.sequence <= last) {
      findings.add('audit', 'fork', place, 'it stands there twice, with different content');
      continue;
    } else if (!auditEventHash(hash, event).equals(event.hash)) {
      findings.add('audit', 'bad_row', place, 'its content and the event before it do not give its hash');
    }
    expectations.check(event.sequence, event.hash);
    last = event.sequence;
    hash = event.hash;
    count += 1;
  }
  expectations.finish(last);
  return count;
}

const GAPS: ReadonlySet<GroupFault> = new Set(['sequence', 'first_record']);

/** Recomputes the chain of groups from their records; answers how many groups there are. */
function verifyLedger(
  groups: Iterable<SourceGroup>,
  expectations: CheckpointAssertions,
  findings: Findings,
): number {
  let before: LedgerGroup | undefined;
  let count = 0;
  for (const found of groups) {
    const { group } = found;
    const fault = linkFault(group, before) ?? contentFault(found);
    if (fault) {
      const isGap = GAPS.has(fault);
      const place = `group ${isGap ? (before?.sequence ?? 0) + 1 : group.sequence}`;
      findings.add('ledger', isGap ? 'gap' : 'bad_row', place, GROUP_FAULTS[fault]);
    }
    expectations.check(group.sequence, group.groupHash);
    before = group;
    count += 1;
  }
  expectations.finish(before?.sequence ?? 0);
  return count;
}

function contentFault({ group, rows, hashes }: SourceGroup): GroupFault | undefined {
  if (rows) return rowsFault(group, rows);
  if (!hashes) return undefined;
  if (hashes.length !== group.rowCount * 32) return 'row_count';
  return groupHash(group, hashes).equals(group.groupHash) ? undefined : 'group_hash';
}

/** How many of each were checked; null where the source does not hold them. */
export interface TrailCounts {
  readonly checkpoints: number | null;
  readonly events: number | null;
  readonly groups: number | null;
}

const UNITS = { audit: 'event', ledger: 'group', registry: 'change' } as const;

/** What no checkpoint covers; null where the source does not hold it. */
export interface Uncovered {
  readonly events: number;
  readonly groups: number | null;
  /** When the last checkpoint was taken, seconds since the epoch; null where there is none. */
  readonly since: number | null;
}

export interface TrailVerdict {
  readonly counts: TrailCounts;
  readonly uncovered: Uncovered;
  /** The last one that the audit key signed. */
  readonly checkpoint: Checkpoint | undefined;
  /** What the checkpoints saw of the registry, which is verified by its own signatures. */
  readonly registry: CheckpointAssertions;
  /** What two persons accepted as lost. */
  readonly restores: readonly AcceptedRestore[];
}

/**
 * Recomputes every chain of the source and holds it against every checkpoint, the saved ones included, and against
 * what sinks have seen.
 */
export async function verifyTrail(
  source: TrailSource,
  key: AuditPublicKey,
  saved: readonly SavedCheckpoint[],
  findings: Findings,
  sinks: readonly SinkContent[] = [],
): Promise<TrailVerdict> {
  const expectations = mapChains((name) => new CheckpointAssertions(name, UNITS[name], findings));
  const restores = new AcceptedRestores(source.events());
  const parts = { key, expectations, restores, findings };
  const { count: checkpoints, last } = await verifyCheckpoints(
    source.checkpoints(),
    [...saved, ...sinks.flatMap((sink) => sink.checkpoints)],
    parts,
  );
  for (const { from, events } of sinks) {
    for (const [sequence, hash] of events) expectations.audit.expect(sequence, hash, from);
  }
  if (checkpoints === 0) {
    findings.add(
      'checkpoints',
      'gap',
      'checkpoint 1',
      'there is none: nothing shows that the rest is as it was written',
    );
  }
  restores.finish(findings);
  const events = verifyEvents(source.events(), expectations.audit, findings);
  const groups = source.groups();
  const counts = {
    checkpoints,
    events,
    groups: groups ? verifyLedger(groups, expectations.ledger, findings) : null,
  };
  return {
    counts,
    uncovered: uncoveredBy(last, counts),
    checkpoint: last,
    registry: expectations.registry,
    restores: restores.all(),
  };
}

function uncoveredBy(
  last: Checkpoint | undefined,
  { events, groups }: Pick<TrailCounts, 'groups'> & { events: number },
): Uncovered {
  const behind = (count: number, covered = 0) => Math.max(0, count - covered);
  return {
    events: behind(events, last?.heads.audit.sequence),
    groups: groups === null ? null : behind(groups, last?.heads.ledger.sequence),
    since: last?.time ?? null,
  };
}
