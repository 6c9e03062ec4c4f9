import { describe, expect, it } from 'vitest';
import { EventSeals } from '../../../src/db/event-seals.ts';
import type { SealedEvent } from '../../../src/kernel/audit.ts';
import {
  AUDIT_GENESIS,
  auditEventHash,
  createRunKey,
  type RunKey,
  sealHash,
} from '../../../src/kernel/audit-chain.ts';

const [ours, foreign] = [createRunKey(1), createRunKey(2)];

/** A chain of events, each sealed by the run at its place, with the places that were asked for. */
function trail(runs: readonly RunKey[]) {
  let previous: Uint8Array = AUDIT_GENESIS.hash;
  const events = runs.map((run, index): SealedEvent => {
    const event = {
      sequence: index + 1,
      time: 5,
      type: 'one',
      actor: 'ada',
      subject: 'record',
      requestId: null,
      traceId: null,
      detailsJson: '{}',
    };
    const hash = auditEventHash(previous, event);
    previous = hash;
    return {
      ...event,
      hash,
      runId: run.id,
      seal: sealHash(run, 'audit', { sequence: event.sequence, hash }),
    };
  });
  const asked: number[] = [];
  const eventAt = async (sequence: number) => {
    asked.push(sequence);
    return events[sequence - 1];
  };
  return { events, asked, eventAt };
}

describe('an audit event that is judged', () => {
  it('is read with the one before it, and later alone', async () => {
    const seals = new EventSeals([ours]);
    const { events, asked, eventAt } = trail([ours, ours, ours]);
    expect(seals.knows(events[1]?.hash ?? new Uint8Array())).toBe(false);
    expect(await seals.isVouched(eventAt, 2)).toBe(true);
    expect(await seals.isVouched(eventAt, 2)).toBe(true);
    expect(asked).toEqual([2, 1, 2]);
    expect(seals.knows(events[1]?.hash ?? new Uint8Array())).toBe(true);
  });

  it('counts by what follows from it, and all between counts with it', async () => {
    const seals = new EventSeals([ours]);
    const { asked, eventAt } = trail([foreign, foreign, foreign, ours, ours]);
    expect(await seals.isVouched(eventAt, 2)).toBe(true);
    expect(asked).toEqual([2, 1, 3, 4]);
    expect(await seals.isVouched(eventAt, 3)).toBe(true);
    expect(asked.slice(4)).toEqual([3]);
  });

  it('counts for nothing with another content under a hash that was known', async () => {
    const seals = new EventSeals([ours]);
    const { events, eventAt } = trail([ours, ours]);
    expect(await seals.isVouched(eventAt, 2)).toBe(true);
    const forged = async (sequence: number) => {
      const event = events[sequence - 1];
      return event && { ...event, actor: 'mallory' };
    };
    expect(await seals.isVouched(forged, 2)).toBe(false);
  });

  it('counts for nothing any more once its run is not trusted, also where it is being judged then', async () => {
    const seals = new EventSeals([]);
    const { eventAt } = trail([foreign]);
    const trust = (runs: readonly RunKey[]) => seals.trust({ runs, reach: AUDIT_GENESIS });
    trust([foreign]);
    const judging = seals.isVouched(eventAt, 1);
    trust([]);
    expect(await judging).toBe(true);
    expect(await seals.isVouched(eventAt, 1)).toBe(false);
  });

  it('passes on why events cannot be read', async () => {
    const away = async () => Promise.reject(new Error('away'));
    await expect(new EventSeals([ours]).isVouched(away, 1)).rejects.toThrow('away');
  });
});
