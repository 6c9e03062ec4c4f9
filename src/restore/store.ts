import { insertCheckpoint, readHeads } from '../audit/index.ts';
import { appendAuditEvent, appendChained, ownAuditHead } from '../db/append-audit-event.ts';
import { camelCased } from '../db/camel-case.ts';
import { toldNumber } from '../db/revocation-table.ts';
import type { Trx, TrxReader } from '../db/schema.ts';
import type { RegistryChanges } from '../db/signed/registry-changes.ts';
import { inconsistent, put, type RowChange, type RowOf } from '../db/signed/tables.ts';
import type { RegistryView } from '../db/signed/trusted-registry.ts';
import { passRevocations } from '../db/testified.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import { auditDetailsIn, type ChainHead } from '../kernel/audit-chain.ts';

import { KeywardError } from '../kernel/errors.ts';
import {
  gapDetails,
  RESTORE_ACCEPTED,
  type RecordGap,
  registryMarkIn,
  revocationsIn,
} from '../kernel/record-gap.ts';
import { REVOCATION_ADDED } from '../kernel/revocation.ts';
import { appendRevocation } from '../revocation/index.ts';

import type { Acceptance, RecordGapStore } from './record-gaps.ts';

/** Events that may have been committed and had reached no sink yet: they are delivered once a second. */
const MOST_UNTOLD = 10_000;

export function createRecordGaps(reader: TrxReader, changes: RegistryChanges): RecordGapStore {
  const list = () => gapsIn(changes.view);
  return {
    list,
    async accept(acceptance) {
      const kept = await reader.read(readHeads);
      const gap = gapOf(acceptance, (list().at(-1)?.id ?? 0) + 1, kept);
      const { actor, now } = acceptance;
      for (const { detailsJson } of acceptance.events) {
        changes.passVersion(registryMarkIn(auditDetailsIn(detailsJson))?.version ?? 0);
      }
      await changes.change(
        actOf(actor, RESTORE_ACCEPTED, 'database', gapDetails(gap)),
        (registry) => [
          put('record_gaps', toRow(gap)),
          ...closedProposals(registry, now),
          ...newerKeySets(registry, lostEvents(acceptance) + MOST_UNTOLD),
        ],
        (trx) => takeOver(trx, acceptance, scopeIdsIn(changes.view)),
      );
      return gap;
    },
    async settle(id, settledAt, notRepeated) {
      const details = { gap: id, not_repeated: notRepeated };
      await changes.change(actOf(KEYWARD, 'database.restore_settled', 'database', details), (registry) => {
        const row = registry.row('record_gaps', String(id));
        if (!row) throw inconsistent(`there is no gap ${id}`);
        return [put('record_gaps', { ...row, settled_at: settledAt })];
      });
    },
  };
}

export function gapsIn(registry: RegistryView): RecordGap[] {
  return registry
    .rows('record_gaps')
    .toSorted((a, b) => a.id - b.id)
    .map(fromRow);
}

function gapOf(
  { reason, issuedFrom, issuedUntil, from, events, checkpoints, sealed }: Acceptance,
  id: number,
  kept: Readonly<Record<'ledger' | 'registry', ChainHead>>,
): RecordGap {
  return {
    id,
    reason,
    issuedFrom,
    issuedUntil,
    firstEvent: from.audit.sequence + 1,
    lastEvent: from.audit.sequence + events.length,
    firstCheckpoint: from.checkpoint + 1,
    lastCheckpoint: sealed?.number ?? from.checkpoint + checkpoints.length,
    kept: { ledger: kept.ledger.sequence, registry: kept.registry.sequence },
    settledAt: null,
  };
}

/** Those that a sink has, and those that the signer's last checkpoint saw. */
function lostEvents({ from, events, sealed }: Acceptance): number {
  return Math.max(events.length, (sealed?.auditSequence ?? 0) - from.audit.sequence);
}

async function takeOver(trx: Trx, acceptance: Acceptance, scopeIds: readonly string[]): Promise<void> {
  const { from, events, checkpoints, recordedEvents: told, issuedUntil, now } = acceptance;
  const head = await ownAuditHead(trx);
  if (head.sequence !== from.audit.sequence || Buffer.compare(head.hash, from.audit.hash) !== 0) {
    throw new KeywardError(
      'proposal_outdated',
      'the database was written to meanwhile; start the service anew',
    );
  }
  for (const event of events) {
    await appendChained(trx, event);
    if (event.type === REVOCATION_ADDED) passRevocations(trx, toldNumber(event));
  }
  for (const checkpoint of checkpoints) await insertCheckpoint(trx, checkpoint);
  for (const { event, time } of told) await appendAuditEvent(trx, event, time);
  for (const rule of revocationsIn(events, { scopeIds, issuedUntil, now })) {
    await appendRevocation(trx, rule, KEYWARD);
  }
}

function scopeIdsIn(registry: RegistryView): string[] {
  return registry
    .rows('scopes')
    .filter(({ state }) => state === 'ready')
    .map(({ id }) => id);
}

/**
 * Verifiers refuse a key set that is older than one they have seen. Each version of the gap came with an event of its
 * own, so past as many the versions are new ones.
 */
function newerKeySets(registry: RegistryView, lost: number): RowChange[] {
  return registry
    .rows('scopes')
    .map((row) => put('scopes', { ...row, key_set_version: row.key_set_version + lost }));
}

/** What became of them in the gap is not known to the copy: nobody shall approve what was refused. */
function closedProposals(registry: RegistryView, now: number): RowChange[] {
  return registry
    .rows('proposals')
    .filter(({ state }) => state === 'open' || state === 'executing')
    .map((row) =>
      put('proposals', {
        ...row,
        state: 'failed',
        decided_by: KEYWARD.operatorId,
        decided_at: now,
        failure_code: 'proposal_outdated',
        failure_detail: 'the database was put back from an older copy; propose it again',
      }),
    );
}

function toRow(gap: RecordGap): RowOf<'record_gaps'> {
  const { gap: id, ...columns } = gapDetails(gap);
  return { id, ...columns, settled_at: gap.settledAt };
}

function fromRow(row: RowOf<'record_gaps'>): RecordGap {
  const { keptLedger: ledger, keptRegistry: registry, ...same } = camelCased(row);
  return { ...same, kept: { ledger, registry } };
}
