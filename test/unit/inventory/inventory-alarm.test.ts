import { beforeEach, describe, expect, it } from 'vitest';
import { createInventoryAlarm } from '../../../src/inventory/alarm.ts';
import type { InventoryFinding, InventoryReport } from '../../../src/kernel/key-proof.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { raiserInto } from '../../support/raised-events.ts';

let raised: SecurityEventReport[];
let canaries: (string | null)[];
let now: number;
let alarm: ReturnType<typeof createInventoryAlarm>;

beforeEach(() => {
  raised = [];
  canaries = [];
  now = 100;
  alarm = createInventoryAlarm(raiserInto(raised), ({ kid }) => canaries.push(kid));
});

const finding = (
  kind: InventoryFinding['kind'],
  changes: Partial<InventoryFinding> = {},
): InventoryFinding => ({
  kind,
  hsmId: 'ab',
  kid: 'k1',
  scopeId: 'payments',
  details: ['because'],
  ...changes,
});
const found = (...findings: InventoryFinding[]) => {
  now += 1;
  const token = { serial: '42' } as InventoryReport['token'];
  return alarm({
    hsmToken: 'b',
    takenAt: now,
    token,
    objects: 2,
    expected: 1,
    proven: 0,
    findings,
    omitted: 0,
  });
};
const told = () => raised.map(({ type, severity, subject }) => [type, severity, subject]);

describe('what an inventory found', () => {
  it('is told by what it means, with its evidence', () => {
    found(
      finding('missing'),
      finding('changed', { kid: 'k2' }),
      finding('duplicate', { kid: 'k3' }),
      finding('public_key_differs', { kid: 'k4' }),
      finding('not_destroyed', { kid: 'k5' }),
      finding('unexpected', { kid: null, scopeId: null, details: ['private key labelled other'] }),
      finding('unexpected', { kid: null, hsmId: null, details: ['private key labelled kw1.x'] }),
      finding('leftover', { kid: 'k6' }),
    );
    expect(told()).toEqual([
      ['key.missing', 'critical', 'key:k1'],
      ['key.unproven', 'critical', 'key:k2'],
      ['key.unproven', 'critical', 'key:k3'],
      ['key.unproven', 'critical', 'key:k4'],
      ['key.unexpected', 'critical', 'key:k5'],
      ['key.unexpected', 'warning', 'hsm_object:b/ab'],
      ['key.unexpected', 'critical', 'hsm_object:b/'],
    ]);
    expect(raised[0]).toMatchObject({
      dedupKey: '["b","missing","ab","k1",["because"],101]',
      evidence: {
        finding: 'missing',
        hsm_token: 'b',
        serial: '42',
        hsm_id: 'ab',
        kid: 'k1',
        scope: 'payments',
        details: ['because'],
        taken_at: 101,
      },
    });
  });

  it('is told once while it lasts, and again where it comes back', () => {
    for (const findings of [[finding('missing')], [finding('missing')], [], [finding('missing')]]) {
      found(...findings);
    }
    expect(raised.map(({ evidence }) => evidence.taken_at)).toEqual([101, 104]);
  });

  it('is handed on where it is about a decoy, once while it lasts, and raises nothing here', () => {
    found(finding('decoy'), finding('missing', { kid: 'k2' }));
    found(finding('decoy'));
    expect([canaries, told()]).toEqual([['k1'], [['key.missing', 'critical', 'key:k2']]]);
    found();
    found(finding('decoy'));
    expect(canaries).toEqual(['k1', 'k1']);
  });

  it('is told a hundred at a time', () => {
    const many = Array.from({ length: 150 }, (_, at) => finding('missing', { kid: `k${at}` }));
    const counts = [1, 2, 3].map(() => {
      found(...many);
      return raised.length;
    });
    expect(counts).toEqual([100, 150, 150]);
  });
});
