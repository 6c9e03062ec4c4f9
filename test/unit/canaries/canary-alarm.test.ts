import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCanaryAlarm } from '../../../src/canaries/alarm.ts';
import type { CanaryAlarm, CanaryTrigger } from '../../../src/canaries/canary.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { canarySample } from '../../support/canary-samples.ts';
import { raiserInto } from '../../support/raised-events.ts';

const HOUR = 3_600;
const canary = canarySample();
const touch = (changes: Partial<CanaryTrigger> = {}): CanaryTrigger => ({
  use: 'authentication',
  caller: null,
  remote: '2001:db8::1',
  requestId: 'r1',
  ...changes,
});

let now: number;
let raised: SecurityEventReport[];
let counted: string[];
let budgets: Set<string | undefined>;
let alarm: CanaryAlarm;

beforeEach(() => {
  now = 10 * HOUR + 59;
  raised = [];
  counted = [];
  budgets = new Set();
  const raiser = raiserInto(raised);
  alarm = createCanaryAlarm({
    events: {
      raise(report, budget) {
        budgets.add(budget);
        raiser.raise(report);
      },
    },
    clock: { nowSeconds: () => now },
    count: ({ kind }, { use }) => counted.push(`${kind} ${use}`),
  });
});

async function touched(...touches: readonly CanaryTrigger[]): Promise<void> {
  for (const each of touches) alarm.touched(canary, each);
  await nextTurn();
  await nextTurn();
}

describe('the use of a decoy', () => {
  it('is told with who and whence, and where it was planted', async () => {
    await touched(touch({ caller: 'client:web' }));
    expect(raised).toEqual([
      {
        type: 'canary.touched',
        severity: 'critical',
        dedupKey: '["c1","authentication","client:web","2001:db8:0::/48",[],36000]',
        subject: 'canary:c1',
        evidence: {
          canary: 'c1',
          decoy: 'credential',
          use: 'authentication',
          planted: 'home of the build user',
          scope: null,
          caller: 'client:web',
          remote: '2001:db8::1',
          network: '2001:db8:0::/48',
          request_id: 'r1',
          hour: 36_000,
          details: [],
        },
      },
    ]);
  });

  it('is neither counted nor told within the turn that answers', async () => {
    alarm.touched(canary, touch());
    await Promise.resolve();
    expect([counted, raised]).toEqual([[], []]);
    await nextTurn();
    expect([counted, raised.length]).toEqual([['credential authentication'], 1]);
  });

  it('is told once an hour of each use, caller and network, and counted each time', async () => {
    await touched(touch(), touch({ remote: '2001:db8::2', requestId: 'r2' }), touch());
    expect([counted.length, raised.length]).toEqual([3, 1]);
    await touched(
      touch({ use: 'verify' }),
      touch({ caller: 'client:web' }),
      touch({ remote: '2001:db8:1::1' }),
    );
    await touched(touch({ remote: undefined }), touch({ details: ['gone'] }));
    expect([counted.length, raised.length]).toEqual([8, 6]);
    now += HOUR;
    await touched(touch());
    expect([counted.length, raised.length]).toEqual([9, 7]);
  });

  it('is told once of whoever changes addresses within a network, and of the one next to it', async () => {
    const last = [1, 7, 250];
    await touched(...last.map((octet) => touch({ remote: `192.0.2.${octet}` })));
    await touched(...last.map((group) => touch({ remote: `2001:db8:1:${group}::1` })));
    await touched(touch({ remote: '192.0.3.1' }), touch({ remote: '2001:db8:2::1' }));
    expect(raised.map(({ evidence: { network } }) => network)).toEqual([
      '192.0.2.0/24',
      '2001:db8:1::/48',
      '192.0.3.0/24',
      '2001:db8:2::/48',
    ]);
  });

  it('has a budget of its own for each decoy', async () => {
    await touched(touch());
    alarm.touched(canarySample({ id: 'c2' }), touch());
    await touched();
    expect([...budgets]).toEqual(['c1', 'c2']);
  });
});
