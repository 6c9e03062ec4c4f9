import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Verdict } from '../../../src/kernel/verification.ts';
import {
  measuredIssuer,
  measuredSecurityEvents,
  measuredSightings,
  measuredVerifier,
} from '../../../src/metrics/measured.ts';
import { createMetrics, type Metrics } from '../../../src/metrics/metrics.ts';
import { createReportAlarm } from '../../../src/reports/alarm.ts';
import { FOUND_NOTHING } from '../../support/token-findings.ts';

const REQUEST = { scopeId: 'payments', clientId: 'c', claims: {} };
const ISSUED = { token: 'a.b.c', kid: 'k', jti: 'j', iat: 1, exp: 2, canRelease: () => true };

async function lines(metrics: Metrics, name: string): Promise<string[]> {
  const told = await metrics.registry.metrics();
  return told.split('\n').filter((line) => line.startsWith(name));
}

test('a token released is counted for its scope and timed', async () => {
  const metrics = createMetrics();
  const issuer = measuredIssuer({ issue: async () => ISSUED }, metrics);
  expect(await issuer.issue(REQUEST)).toBe(ISSUED);
  expect(await lines(metrics, 'keyward_tokens_issued_total')).toEqual([
    'keyward_tokens_issued_total{scope="payments"} 1',
  ]);
  expect(await lines(metrics, 'keyward_issue_seconds_count')).toEqual(['keyward_issue_seconds_count 1']);
});

test('a request that releases nothing is passed on and leaves no label behind', async () => {
  const metrics = createMetrics();
  const error = new KeywardError('unknown_scope', 'no such scope');
  const issuer = measuredIssuer({ issue: () => Promise.reject(error) }, metrics);
  await expect(issuer.issue({ ...REQUEST, scopeId: 'made-up' })).rejects.toBe(error);
  expect(await lines(metrics, 'keyward_tokens_issued_total')).toEqual([]);
  expect(await lines(metrics, 'keyward_issue_seconds_count')).toEqual(['keyward_issue_seconds_count 0']);
});

test('refusals are counted by scope and reason, good tokens are not', async () => {
  const metrics = createMetrics();
  const verdicts: Verdict[] = [
    { valid: false, reason: 'expired' },
    { valid: true, claims: {}, kid: 'k', keyState: 'active' },
    { valid: false, reason: 'malformed', suspiciousHeader: 'jku' },
    { valid: false, reason: 'malformed', suspiciousHeader: 'x-made-up-by-a-caller' },
  ];
  const told = [...verdicts];
  const verifier = measuredVerifier(
    { verify: async () => verdicts.shift() ?? (told[0] as Verdict) },
    metrics,
  );
  for (const verdict of told) expect(await verifier.verify('payments', 't')).toBe(verdict);
  expect(await lines(metrics, 'keyward_refusals_total')).toEqual([
    'keyward_refusals_total{scope="payments",reason="expired"} 1',
    'keyward_refusals_total{scope="payments",reason="malformed"} 2',
  ]);
  expect(await lines(metrics, 'keyward_suspicious_headers_total')).toEqual([
    'keyward_suspicious_headers_total{header="jku"} 1',
    'keyward_suspicious_headers_total{header="other"} 1',
  ]);
});

test('digests reported are counted by whether they are on record', async () => {
  const metrics = createMetrics();
  const [known, unknown] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const sighted = (digest: Buffer) => ({ digest, iat: 1_800_000_000 });
  const sightings = measuredSightings({ unknown: async () => [unknown] }, metrics);
  expect(await sightings.unknown('payments', [known, unknown, known].map(sighted))).toEqual([unknown]);
  expect(await lines(metrics, 'keyward_sightings_total')).toEqual([
    'keyward_sightings_total{scope="payments",recorded="yes"} 2',
    'keyward_sightings_total{scope="payments",recorded="no"} 1',
  ]);
});

test('security events are counted when they are told, and not again', async () => {
  const metrics = createMetrics();
  const answers = [true, false];
  const events = measuredSecurityEvents({ raise: async () => answers.shift() ?? false }, metrics);
  const report = { dedupKey: 'd', subject: 's', evidence: {}, severity: 'critical' } as const;
  expect(await events.raise({ ...report, type: 'token.never_issued' })).toBe(true);
  expect(await events.raise({ ...report, type: 'token.never_issued' })).toBe(false);
  const counted = await lines(metrics, 'keyward_security_events_total');
  expect(counted.filter((line) => !line.endsWith(' 0'))).toEqual([
    'keyward_security_events_total{type="token.never_issued",severity="critical"} 1',
  ]);
  expect(counted.filter((line) => line.includes('"key.unexpected"'))).toEqual([
    'keyward_security_events_total{type="key.unexpected",severity="warning"} 0',
    'keyward_security_events_total{type="key.unexpected",severity="critical"} 0',
  ]);
});

test('reports are counted by what they are about, once they are told', async () => {
  const metrics = createMetrics();
  let away = true;
  const telling = createReportAlarm({
    events: {
      raise: async () => {
        if (away) throw new Error('away');
        return true;
      },
    },
    clock: { nowSeconds: () => 1 },
    eventsPerMinute: 9,
    counter: metrics.reports,
  });
  const report = { sequence: 1, number: '7Q3K-M2XD', scopeId: 'payments', receivedAt: 1, suspicion: null };
  const digest = Buffer.alloc(32);
  await expect(telling.raise({ ...report, digest }, FOUND_NOTHING)).rejects.toThrow('away');
  expect(await lines(metrics, 'keyward_reports_total')).toEqual(
    [
      'issued',
      'forged',
      'altered',
      'credential',
      'credential_unknown',
      'foreign',
      'unexamined',
      'no_token',
      'refused',
    ].map((about) => `keyward_reports_total{about="${about}"} 0`),
  );
  away = false;
  await telling.raise({ ...report, digest }, FOUND_NOTHING);
  await telling.raise({ ...report, digest: null }, null);
  const counted = await lines(metrics, 'keyward_reports_total');
  expect(counted.filter((line) => !line.endsWith(' 0'))).toEqual([
    'keyward_reports_total{about="foreign"} 1',
    'keyward_reports_total{about="no_token"} 1',
  ]);
});

test('a gauge asks at each scrape, and forgets what is no longer told', async () => {
  const metrics = createMetrics();
  let queue = 3;
  let unproven: Record<string, number> = { payments: 1 };
  metrics.watch({ ledgerQueue: () => queue, keyUnproven: () => unproven });
  expect(await lines(metrics, 'keyward_ledger_queue')).toEqual(['keyward_ledger_queue 3']);
  expect(await lines(metrics, 'keyward_key_unproven')).toEqual(['keyward_key_unproven{scope="payments"} 1']);
  queue = 0;
  unproven = {};
  expect(await lines(metrics, 'keyward_ledger_queue')).toEqual(['keyward_ledger_queue 0']);
  expect(await lines(metrics, 'keyward_key_unproven')).toEqual([]);
});

test('a gauge of which nothing is told is absent, also one without labels', async () => {
  const metrics = createMetrics();
  let fronts: number | undefined = 2;
  metrics.watch({ fronts: () => fronts ?? {} });
  expect(await lines(metrics, 'keyward_fronts')).toEqual(['keyward_fronts 2']);
  fronts = undefined;
  expect(await lines(metrics, 'keyward_fronts')).toEqual([]);
  fronts = 0;
  expect(await lines(metrics, 'keyward_fronts')).toEqual(['keyward_fronts 0']);
});

test('the process tells of itself', async () => {
  expect(await lines(createMetrics(), 'process_cpu_user_seconds_total ')).toHaveLength(1);
});
