import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, type ScopePolicy } from '../../src/kernel/policy.ts';
import { movableClock } from './movable-clock.ts';
import { REHEARSAL_GRACE, rehearsed } from './rehearsed.ts';
import { type RehearsedService, type SimulationOptions, simulateRotations } from './simulate-rotations.ts';

const DAY = 86_400;
const START = 1_767_225_600;
const LATE = 2_880;

async function simulate(
  days: number,
  options: Partial<SimulationOptions> & {
    readonly policy?: Partial<ScopePolicy>;
    readonly wrapped?: (service: RehearsedService) => RehearsedService;
  } = {},
) {
  const { policy = {}, wrapped = (service) => service, ...others } = options;
  const clock = movableClock(START);
  const { service } = await rehearsed(clock, { policy });
  const given = { service: wrapped(service), clock, seconds: days * DAY, seed: 1, latenessSeconds: LATE };
  return simulateRotations({ ...given, ...others });
}

const mishaps = { refusedGood: [], acceptedBad: [], notIssued: [] };

it('goes 24 months without a good token refused or one outside its window accepted', async () => {
  const report = await simulate(730);
  expect(report).toMatchObject({ ...mishaps, from: START, until: START + 730 * DAY, rotations: 52 });
  // At least a set for each rotation with its next standby, and one for each key withdrawn.
  expect(report.keySets).toBeGreaterThanOrEqual(1 + 52 + 52);
  expect(report.issued).toBeGreaterThan(3_000);
  expect(report.goodShown).toBe(9 * report.issued);
  expect(report.badShown).toBeGreaterThan(9_000);
  const { jwksMaxAgeSeconds, maxStaleSeconds } = DEFAULT_POLICY;
  const longest = jwksMaxAgeSeconds + maxStaleSeconds;
  const { cut_off, punctual = 0, unlucky = 0 } = report.longestBehind;
  expect(cut_off).toBeGreaterThan(longest - 900);
  expect(cut_off).toBeLessThanOrEqual(longest);
  expect(punctual).toBeLessThanOrEqual(jwksMaxAgeSeconds);
  expect(unlucky).toBeGreaterThan(jwksMaxAgeSeconds);
  expect(unlucky).toBeLessThanOrEqual(longest);
}, 120_000);

it.each([
  [
    'as short as its caches allow',
    { cryptoperiodSeconds: 7_200, maxTtlSeconds: 600, defaultTtlSeconds: 600 },
  ],
  ['with tokens that live as long as a key', { cryptoperiodSeconds: DAY, maxTtlSeconds: DAY }],
  ['with caches that may be a week old', { cryptoperiodSeconds: 8 * DAY, maxStaleSeconds: 7 * DAY }],
  ['with no tolerance for clocks', { cryptoperiodSeconds: 2 * DAY, clockSkewSeconds: 0 }],
])(
  'holds for a policy %s',
  async (_, policy) => {
    const periods = policy.cryptoperiodSeconds / DAY;
    const report = await simulate(periods * 6, { policy, seed: 7 });
    expect(report).toMatchObject(mishaps);
    expect(report.rotations).toBeGreaterThanOrEqual(5);
  },
  60_000,
);

it('is the same each time for the same seed', async () => {
  const [one, other] = [await simulate(40, { seed: 3 }), await simulate(40, { seed: 3 })];
  expect(other).toEqual(one);
});

describe('what is wrong shows', () => {
  const short = { cryptoperiodSeconds: 7_200, maxTtlSeconds: 600, defaultTtlSeconds: 600 };

  it('where verifiers keep a key set for longer than the policy says', async () => {
    const verifierPolicy = { ...DEFAULT_POLICY, ...short, maxStaleSeconds: 3 * DAY };
    const report = await simulate(1, { policy: short, verifierPolicy });
    expect(report.notIssued).toEqual([]);
    expect(report.refusedGood).toContainEqual(
      expect.objectContaining({ verifier: 'cut_off', what: 'unknown_key' }),
    );
  });

  it('where a key set says that keys sign for longer than they do', async () => {
    const wrapped = (service: RehearsedService): RehearsedService => ({
      ...service,
      keySet: () => withWindowsLonger(service.keySet(), DAY),
    });
    const report = await simulate(30, { wrapped });
    expect(report).toMatchObject({ refusedGood: [], notIssued: [] });
    expect(report.acceptedBad).toContainEqual(expect.objectContaining({ what: 'dated after the window' }));
  });

  it('where a rotation is later than the window is long', async () => {
    const report = await simulate(200, { latenessSeconds: 12 * REHEARSAL_GRACE });
    expect(report).toMatchObject({ refusedGood: [], acceptedBad: [] });
    expect(report.notIssued[0]).toMatchObject({ verifier: null, what: 'signing_window_over' });
  });
});

function withWindowsLonger(document: ReturnType<RehearsedService['keySet']>, seconds: number) {
  const { keys } = JSON.parse(document.body) as { keys: { exp: number; kw_sign_until: number }[] };
  const longer = keys.map((key) => ({
    ...key,
    exp: key.exp + seconds,
    kw_sign_until: key.kw_sign_until + seconds,
  }));
  return { ...document, body: JSON.stringify({ keys: longer }) };
}
