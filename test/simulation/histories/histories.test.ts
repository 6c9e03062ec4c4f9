import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SigningKey } from '../../../src/kernel/key.ts';
import { parseToken } from '../../../src/token/parse-token.ts';
import { openComposedService } from '../composed-service.ts';
import { movableClock } from '../movable-clock.ts';
import type { PlantedPart } from './administered-service.ts';
import { anyHistory } from './any-history.ts';
import { History } from './history.ts';

const START = 1_767_225_600;
/** A planted fault takes one or two of them, seldom ten. */
const HISTORIES = 28;

interface Living {
  readonly planted?: PlantedPart;
  /** With `path`, as a failure reports them: that history alone. */
  readonly seed?: number;
  readonly path?: string;
}

/** As many histories as find a fault, on one service. */
async function lived({ planted = {}, ...options }: Living = {}) {
  const service = await openComposedService(movableClock(START));
  const runs: Record<string, number> = {};
  const property = fc.asyncProperty(anyHistory, async (steps) => {
    const real = new History(service, planted);
    await fc.asyncModelRun(async () => ({ model: await real.begin(), real }), steps);
    for (const { act } of real.parts.executions) runs[act] = (runs[act] ?? 0) + 1;
  });
  const parameters = { ...options, numRuns: HISTORIES, endOnFailure: true } as const;
  return { details: await fc.check(property, parameters), runs };
}

it('lives through histories as the model has them', async () => {
  const { details, runs } = await lived();
  if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  expect(details.numRuns).toBe(HISTORIES);
  // Else nothing would be shown by it.
  expect(Object.keys(runs)).toEqual(
    expect.arrayContaining(['scope.create', 'key.rotate', 'key.suspend', 'key.compromise', 'revocation.add']),
  );
});

function asItWas(of: readonly SigningKey[], seen: Map<string, SigningKey>): SigningKey[] {
  return of.map((key) => {
    const was = seen.get(key.kid);
    if (was && was.state !== 'pre_activation') return was;
    seen.set(key.kid, key);
    return key;
  });
}

const PLANTED: readonly (readonly [string, PlantedPart, RegExp])[] = [
  [
    'a verifier that takes a token wherever its key is known',
    {
      verifier: (real, { keyRing }) => ({
        verify(scopeId, presented) {
          const parsed = parseToken(presented);
          const key = parsed.ok ? keyRing.knownKey(parsed.token.header.kid)?.key : undefined;
          return real.verify(key?.scopeId ?? scopeId, presented);
        },
      }),
    },
    /^a token of a key that is \w+: where it is accepted/,
  ],
  [
    'a verifier whose keys are as it first saw them',
    {
      verifying(real) {
        const seen = new Map<string, SigningKey>();
        const keysOf = (scopeId: string) => asItWas(real.keyRing.keysOf(scopeId), seen);
        return { ...real, keyRing: { ...real.keyRing, keysOf } };
      },
    },
    /^a token of a key that is (?:suspended|compromised).*: where it is accepted/,
  ],
  [
    'a verifier that knows no revocations',
    { verifying: (real) => ({ ...real, revocations: { covers: () => false } }) },
    /^a token of a key that is \w+, revoked: where it is accepted/,
  ],
  [
    'a verifier that takes what was never issued',
    {
      verifier: (real) => ({
        async verify(scopeId, presented) {
          const verdict = await real.verify(scopeId, presented);
          if (verdict.valid || verdict.reason !== 'never_issued') return verdict;
          return { valid: true, claims: {}, kid: '', keyState: 'active' };
        },
      }),
    },
    /^a forged token is accepted/,
  ],
  ['a ledger that forgets', { ledger: () => ({ record: async () => {} }) }, /^records/],
  ['a gate for one person', { twoPersons: false }, /was done before it was approved$/],
  [
    'an act that is run twice',
    {
      act: (real) => ({
        ...real,
        async execute(parameters, actor) {
          const done = await real.execute(parameters, actor);
          await real.execute(parameters, actor).catch(() => undefined);
          return done;
        },
      }),
    },
    /^proposals that were run/,
  ],
  [
    'a change of keys that leaves the former key active, which the database refuses',
    {
      registry: (real) => ({
        ...real,
        restrictKeys: (changes, act, may) =>
          real.restrictKeys(
            changes.filter(({ after }) => after.state !== 'deactivated'),
            act,
            may,
          ),
      }),
    },
    /^The store failed/,
  ],
];

it.each(PLANTED)('finds %s', async (_, planted, finding) => {
  const { details } = await lived({ planted, seed: 20_261_201 });
  expect(details.failed).toBe(true);
  expect(details.errorInstance).toMatchObject({ message: expect.stringMatching(finding) });
});

it.each([7, 8, 9])('finds a fault again by its seed %i and path', async (seed) => {
  const planted: PlantedPart = { verifying: (real) => ({ ...real, revocations: { covers: () => false } }) };
  const { details } = await lived({ planted, seed });
  const again = await lived({ planted, seed, path: details.counterexamplePath ?? '' });
  expect(again.details).toMatchObject({ failed: true, numRuns: 1 });
  expect(String(again.details.counterexample)).toBe(String(details.counterexample));
});
