import { describe, expect, it } from 'vitest';
import type { Actor } from '../../src/domain/access.ts';
import { openPinQuestions } from '../../src/pin-questions.ts';
import type { PinComparer } from '../../src/signer/signer-link.ts';

const actor = (operatorId: string): Actor => ({ operatorId, requestId: 'r-1' });
const ADA = actor('ada');
const BATCH = { sealed: Buffer.from('sealed'), places: ['core'] };
const limited = expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 45 });

function questions({ hold = false, matches = [] as number[] } = {}) {
  const audited: unknown[] = [];
  const raised: unknown[] = [];
  const releases: (() => void)[] = [];
  let comparing = 0;
  let mostAtOnce = 0;
  let now = 1_795_478_415;
  const link: PinComparer = {
    pinMark: async () => ({ publicKey: 'key', since: 7, comparable: true }),
    async comparePins() {
      comparing += 1;
      mostAtOnce = Math.max(mostAtOnce, comparing);
      if (hold) await new Promise<void>((resolve) => releases.push(resolve));
      comparing -= 1;
      return { compared: 1, matches };
    },
  };
  const asked = openPinQuestions({
    links: new Map([
      ['primary', link],
      ['other', link],
    ]),
    audit: { record: async (event) => audited.push(event) as never },
    events: { raise: async (report) => raised.push(report) > 0 },
    clock: { nowSeconds: () => now },
  });
  const compare = (hsmToken = 'primary', as = ADA) => asked.compare(hsmToken, BATCH, as);
  const pass = (seconds: number) => {
    now += seconds;
  };
  return { ...asked, compare, audited, raised, releases, pass, mostAtOnce: () => mostAtOnce };
}

describe('batches for the PIN', () => {
  it('are 120 a minute of one operator and HSM token, and no more reach signer and trail', async () => {
    const { compare, audited, pass } = questions();
    for (let batch = 0; batch < 120; batch++) await compare();
    await expect(compare()).rejects.toEqual(limited);
    expect(audited).toHaveLength(120);
    await compare('other');
    await compare('primary', actor('eve'));
    expect(audited).toHaveLength(122);
    pass(45);
    await compare();
    await expect(compare('unknown')).rejects.toMatchObject({ code: 'unknown_hsm_token' });
  });

  it('are compared one at a time at each HSM token; eight wait, and the next is refused', async () => {
    const { compare, releases, mostAtOnce, audited } = questions({ hold: true });
    const under = Array.from({ length: 9 }, () => compare());
    await expect(compare()).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    const other = compare('other');
    await expect.poll(() => releases.length).toBe(2);
    for (let released = 0; released < 10; released++) {
      await expect.poll(() => releases.length).toBeGreaterThan(released);
      releases[released]?.();
    }
    await Promise.all([...under, other]);
    expect([mostAtOnce(), audited.length]).toEqual([2, 10]);
    const next = compare();
    await expect.poll(() => releases.length).toBe(11);
    releases[10]?.();
    expect(await next).toEqual({ compared: 1, matches: [] });
  });

  it('raise the alarm for a hit, named by its place', async () => {
    const { compare, raised } = questions({ matches: [0] });
    expect(await compare()).toEqual({ compared: 1, matches: [0] });
    expect(raised).toMatchObject([
      { type: 'credential.leaked', evidence: { leaked: 'pin', leaked_at: 'core', reported_by: 'ada' } },
    ]);
  });
});

it('the marks are told as often as one may send batches, for every HSM token', async () => {
  const { marks, pass } = questions();
  for (let time = 0; time < 240; time++) expect(await marks(ADA)).toHaveLength(2);
  await expect(marks(ADA)).rejects.toEqual(limited);
  expect(await marks(actor('eve'))).toHaveLength(2);
  pass(45);
  expect(await marks(ADA)).toHaveLength(2);
});
