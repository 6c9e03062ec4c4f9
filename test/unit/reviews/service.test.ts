import { expect, it } from 'vitest';
import type { AuditEvent, StoredEvent } from '../../../src/kernel/audit.ts';
import { AUDIT_GENESIS } from '../../../src/kernel/audit-chain.ts';
import type { IssuedHour } from '../../../src/kernel/ledger-search.ts';
import { openReviewService, type ReviewServiceDeps } from '../../../src/reviews/service.ts';

const START = 1_800_000_000;
const DAY = 86_400;
const NONE = { info: 0, warning: 0, critical: 0 };
const ADA = { operatorId: 'ada', requestId: 'req-1' };
const BOB = { operatorId: 'bob', requestId: 'req-2' };

/** An audit trail in memory, whose first event is by ada. */
async function service(changes: Partial<ReviewServiceDeps> = {}) {
  const world = { now: START + DAY, asked: [] as (readonly [number, number])[], events: [] as StoredEvent[] };
  const add = ({ details, traceId = null, ...event }: AuditEvent, time: number) => {
    const detailsJson = JSON.stringify(details);
    const hash = new Uint8Array(32);
    world.events.push({ ...event, traceId, sequence: world.events.length + 1, time, detailsJson, hash });
  };
  const act = (actor: string, time: number) =>
    add({ type: 'scope.changed', actor, subject: 'scope:payments', requestId: null, details: {} }, time);
  act('ada', START);
  const open = () =>
    openReviewService({
      audit: {
        witnessedAfter: async (after, limit) =>
          world.events.filter(({ sequence }) => sequence > after).slice(0, limit),
        newestOfType: async (type) => world.events.filter((event) => event.type === type).toReversed(),
        ofTypeAfter: async (type, after) =>
          world.events.filter((event) => event.type === type && event.sequence > after),
        auditHead: async () => ({ sequence: world.events.length, hash: new Uint8Array(32) }),
        record: async (event) => add(event, world.now),
      },
      events: { list: async () => [], countUnresolved: async () => ({ open: NONE, acknowledged: NONE }) },
      issued: {
        async between(from, to) {
          world.asked.push([from, to]);
          return { hours: [] as IssuedHour[], complete: true, countedFrom: from };
        },
      },
      clock: { nowSeconds: () => world.now },
      overdueSeconds: 7 * DAY,
      digestOf: ({ period }) => `${period.firstEvent}-${period.lastEvent}-${period.to}`,
      ...changes,
    });
  return { world, act, open, reviews: await open() };
}

it('shows everything since the beginning, and how much of it is by who looks', async () => {
  const { world, act, reviews } = await service();
  act('bob', START + 10);
  act('bob', START + 20);
  const { review, acts, ownActs } = await reviews.current(ADA);
  expect(review.period).toEqual({ from: START, to: START + DAY, firstEvent: 1, lastEvent: 3, more: false });
  expect([acts, ownActs]).toEqual([3, 1]);
  expect((await reviews.current(BOB)).ownActs).toBe(2);
  // Four weeks of habits before it.
  expect(world.asked[0]).toEqual([START - 28 * DAY, START + DAY]);
  expect(reviews.standing()).toEqual({
    coveredUntil: START,
    overdueAt: START + 7 * DAY,
    lastSignedOffAt: null,
  });
});

it('writes into the audit trail what was signed off, begins the next one behind it, and finds it again', async () => {
  const { world, act, open, reviews } = await service();
  const { digest } = await reviews.current(BOB);
  world.now += 60;
  const signed = await reviews.signOff({ note: 'fine' }, BOB);
  const period = { from: START, to: START + DAY, firstEvent: 1, lastEvent: 1, more: false };
  expect(signed).toEqual({
    period,
    digest,
    note: 'fine',
    acts: 1,
    ownActs: 0,
    by: 'bob',
    at: START + DAY + 60,
  });
  expect(world.events.at(-1)).toMatchObject({ type: 'review.signed_off', actor: 'bob', requestId: 'req-2' });
  act('ada', world.now);
  const next = await reviews.current(ADA);
  expect(next.review.period).toMatchObject({ from: START + DAY, firstEvent: 2, lastEvent: 3 });
  expect(reviews.standing()).toEqual({
    coveredUntil: START + DAY,
    overdueAt: START + 8 * DAY,
    lastSignedOffAt: START + DAY + 60,
  });
  const again = await open();
  expect([again.list(), again.standing()]).toEqual([reviews.list(), reviews.standing()]);
});

it('lets only one of two sign the same off', async () => {
  const { reviews } = await service();
  await reviews.current(ADA);
  await reviews.current(BOB);
  const outcomes = await Promise.allSettled([
    reviews.signOff({ note: 'first' }, ADA),
    reviews.signOff({ note: 'second' }, BOB),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: { note: 'first' } },
    { status: 'rejected', reason: { code: 'review_signed_off' } },
  ]);
  expect(reviews.list()).toHaveLength(1);
});

it('begins behind what was signed off at another front, and lets nobody sign that off again', async () => {
  const { act, world, open, reviews } = await service();
  const other = await open();
  await other.current(BOB);
  await reviews.current(ADA);
  const signed = await reviews.signOff({ note: 'fine' }, ADA);
  await expect(other.signOff({ note: 'fine' }, BOB)).rejects.toMatchObject({ code: 'review_signed_off' });
  await other.refresh();
  expect([other.list(), other.standing()]).toEqual([[signed], reviews.standing()]);
  act('bob', world.now);
  expect((await other.current(BOB)).review.period.firstEvent).toBe(2);
  const next = await other.signOff({ note: 'fine' }, BOB);
  await reviews.refresh();
  expect(reviews.list()).toEqual([next, signed]);
});

it('takes the last that was shown, or the one that is named, and nothing that was shown to another', async () => {
  const { world, act, reviews } = await service();
  await expect(reviews.signOff({ note: 'fine' }, ADA)).rejects.toMatchObject({ code: 'review_unseen' });
  const early = await reviews.current(ADA);
  world.now += 10;
  act('bob', world.now);
  const late = await reviews.current(BOB);
  await expect(reviews.signOff({ note: 'fine', digest: late.digest }, ADA)).rejects.toMatchObject({
    code: 'review_unseen',
  });
  await reviews.current(ADA);
  const signed = await reviews.signOff({ note: 'fine', digest: early.digest }, ADA);
  expect(signed.period.lastEvent).toBe(1);
  const { review } = await reviews.current(BOB);
  expect(review.period.firstEvent).toBe(2);
  expect((await reviews.signOff({ note: 'fine' }, BOB)).period.firstEvent).toBe(2);
});

it('remembers the last 32 that were shown', async () => {
  const { world, reviews } = await service();
  const digests: string[] = [];
  for (let n = 0; n < 33; n += 1) {
    digests.push((await reviews.current(ADA)).digest);
    world.now += 1;
  }
  await expect(reviews.signOff({ note: 'fine', digest: digests[0] }, ADA)).rejects.toMatchObject({
    code: 'review_unseen',
  });
  expect((await reviews.signOff({ note: 'fine', digest: digests[1] }, ADA)).digest).toBe(digests[1]);
});

it('counts once for all who look meanwhile', async () => {
  const { world, reviews } = await service();
  await Promise.all([reviews.current(ADA), reviews.current(BOB), reviews.current(ADA)]);
  expect(world.asked).toHaveLength(1);
});

it('signs nothing off that the audit trail did not take', async () => {
  const { reviews } = await service();
  const failing = await service({
    audit: {
      witnessedAfter: async () => [],
      newestOfType: async () => [],
      ofTypeAfter: async () => [],
      auditHead: async () => AUDIT_GENESIS,
      record: async () => {
        throw new Error('full');
      },
    },
  });
  await failing.reviews.current(ADA);
  await expect(failing.reviews.signOff({ note: 'fine' }, ADA)).rejects.toThrow('full');
  expect(failing.reviews.list()).toEqual([]);
  await reviews.current(ADA);
  expect((await reviews.signOff({ note: 'fine' }, ADA)).by).toBe('ada');
});
