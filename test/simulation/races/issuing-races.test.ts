import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openComposedService } from '../composed-service.ts';
import { movableClock } from '../movable-clock.ts';
import { anyRace, type Planted, run } from './issuing-races.ts';

const START = 1_767_225_600;
/** A planted fault takes some ten of them, seldom forty. */
const RACES = 100;

interface Racing {
  readonly planted?: Planted;
  /** With `path`, as a failure reports them: that race alone. */
  readonly seed?: number;
  readonly path?: string;
}

/** As many races as find a fault, on one service. */
async function raced({ planted = {}, ...options }: Racing = {}) {
  const service = await openComposedService(movableClock(START));
  const counts = { races: 0, released: 0, afterActs: 0, heldBack: 0 };
  let violations: readonly string[] = [];
  const property = fc.asyncProperty(fc.scheduler(), anyRace, async (scheduler, race) => {
    const judge = await run(service, scheduler, race, planted);
    violations = judge.violations;
    counts.races += 1;
    for (const name of ['released', 'afterActs', 'heldBack'] as const) counts[name] += judge.counts[name];
    expect(violations).toEqual([]);
  });
  // A smaller counterexample takes longer to find than the fault itself.
  const details = await fc.check(property, { ...options, numRuns: RACES, endOnFailure: true });
  return { details, counts, violations: () => violations };
}

it('releases no token without its record, of a key that is out of use, or after it was revoked', async () => {
  const { details, counts } = await raced();
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  expect(counts.races).toBe(RACES);
  // Else nothing would be shown by it.
  expect(counts.released).toBeGreaterThan(RACES / 2);
  expect(counts.afterActs).toBeGreaterThan(5);
  expect(counts.heldBack).toBeGreaterThan(0);
});

/** What is asked first is the answer ever after. */
function firstAnswer<A extends unknown[], T>(ask: (...asked: A) => T): (...asked: A) => T {
  let first: { readonly answer: T } | undefined;
  return (...asked) => {
    first ??= { answer: ask(...asked) };
    return first.answer;
  };
}

const PLANTED: readonly (readonly [string, Planted, RegExp])[] = [
  [
    'a ledger that acknowledges before it commits',
    {
      ledger: (real) => ({
        async record(record) {
          void real.record(record).catch(() => undefined);
        },
      }),
    },
    /^released (?:with 0 records|while its commit was in doubt)$/,
  ],
  [
    'a commit of unknown outcome that is taken for one',
    { ledger: (real) => ({ record: (record) => real.record(record).catch(() => undefined) }) },
    /^released (?:with 0 records|while its commit was in doubt)$/,
  ],
  [
    'a release that asks no more for the key',
    {
      views: ({ keyRing, ...others }) => ({
        ...others,
        keyRing: { ...keyRing, activeKey: firstAnswer(keyRing.activeKey) },
      }),
    },
    /^released after its key was (?:compromised|suspended|deactivated)$/,
  ],
  [
    'a release that asks no more for the grant',
    {
      views: ({ grants, ...others }) => ({
        ...others,
        grants: { allows: firstAnswer((...asked) => grants.allows(...asked)) },
      }),
    },
    /^released after (?:its client was revoked|the grant was removed)$/,
  ],
  [
    'a release that asks no more for revocations',
    {
      views: ({ revocations, ...others }) => ({
        ...others,
        revocations: { covers: firstAnswer((token) => revocations.covers(token)) },
      }),
    },
    /^released after it was revoked$/,
  ],
  ['a batch that releases what was ready early', { canRelease: () => true }, /^released after /],
  [
    'issuing that does not wait for a change of the key',
    { lock: { released: () => undefined } },
    /^recorded after its key was /,
  ],
];

it.each(PLANTED)('finds %s', async (_, planted, violation) => {
  const { details, violations } = await raced({ planted, seed: 20_261_201 });
  expect(details.failed).toBe(true);
  expect(violations()).toContainEqual(expect.stringMatching(violation));
});

it('finds a fault again by its seed and path', async () => {
  const planted: Planted = { canRelease: () => true };
  const { details, violations } = await raced({ planted, seed: 7 });
  const again = await raced({ planted, seed: 7, path: details.counterexamplePath ?? '' });
  expect(again.details).toMatchObject({ failed: true, numRuns: 1 });
  expect(again.violations()).toEqual(violations());
});
