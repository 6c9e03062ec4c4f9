import { expect, it } from 'vitest';
import type { StoreEvent } from '../../../src/db/write-health.ts';
import type { UnstoredEvent } from '../../../src/events/index.ts';
import { createStoreEventHandler } from '../../../src/health/store-events.ts';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { actOf } from '../../../src/kernel/audit.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { recordedLog } from '../../support/recorded-log.ts';

function told(...events: StoreEvent[]) {
  const { log, lines } = recordedLog();
  const confirmed: object[] = [];
  const over: object[] = [];
  const unstored: UnstoredEvent[] = [];
  const around = new Emitter<UnstoredEvent>();
  const metrics = createMetrics();
  around.subscribe((event) => {
    // Whoever is told hears of it last.
    expect(lines.at(-1)).toMatchObject({ event: event.type });
    unstored.push(event);
  });
  let nowMs = 0;
  const tell = createStoreEventHandler(
    {
      log,
      metrics,
      clock: { nowSeconds: () => nowMs / 1_000 },
      outages: { isOver: (told, since) => void over.push({ ...told, since }), unstored: around },
      sinks: {
        confirm: async (each) => void confirmed.push({ subject: each.subject, details: each.details }),
      },
    },
    () => nowMs,
  );
  for (const event of events) {
    tell(event);
    nowMs += 100_000;
  }
  return { lines, confirmed, metrics, over, unstored };
}

it.each([
  { name: 'write_failed', condition: 'moved', cause: null },
  { name: 'read_failed', condition: 'corrupt', cause: null },
  { name: 'write_failed', condition: 'io_error', cause: null },
] as const)(
  'a database that fails ($name $condition) is told to log, metric, sinks and targets, with its runbook',
  async (event) => {
    const { lines, confirmed, metrics, unstored } = told(event);
    const evidence = { why: event.condition };
    expect(unstored).toEqual([
      { type: 'database.failing', severity: 'critical', subject: 'database', evidence, isRetried: false },
    ]);
    expect(lines).toMatchObject([
      {
        level: 60,
        event: 'database.failing',
        condition: event.condition,
        runbook: expect.stringContaining('docs/runbooks/'),
      },
    ]);
    expect(confirmed).toEqual([
      {
        subject: 'database',
        details: { type: 'database.failing', severity: 'critical', why: event.condition },
      },
    ]);
    expect(await metrics.registry.metrics()).toContain(
      'keyward_security_events_total{type="database.failing",severity="critical"} 1\n',
    );
  },
);

it('a full disk is told to log, metric, sinks and targets: there is no room for its event', async () => {
  const { lines, confirmed, metrics, unstored } = told({
    name: 'write_failed',
    condition: 'full',
    cause: null,
  });
  expect(lines).toMatchObject([
    { level: 60, event: 'ledger.disk', condition: 'full', runbook: expect.stringContaining('full-disk.md') },
  ]);
  expect(unstored).toMatchObject([
    { type: 'ledger.disk', subject: 'disk:database', evidence: { why: 'full' }, isRetried: false },
  ]);
  expect(confirmed).toEqual([
    { subject: 'disk:database', details: { type: 'ledger.disk', severity: 'critical', why: 'full' } },
  ]);
  expect(await metrics.registry.metrics()).toContain(
    'keyward_security_events_total{type="ledger.disk",severity="critical"} 1\n',
  );
});

it('a disk that is full again and again is told of every five minutes', () => {
  const full = { name: 'write_failed', condition: 'full', cause: null } as const;
  const { lines, confirmed } = told(...Array.from({ length: 7 }, () => full));
  expect([lines.map(({ level }) => level), confirmed.length]).toEqual([[60, 50, 50, 60, 50, 50, 60], 3]);
});

it.each([
  { name: 'write_failed', condition: 'locked', cause: null },
  { name: 'write_recovered' },
  { name: 'read_recovered' },
] as const)('$name $condition is a line of the log', (event) => {
  const { lines, confirmed, unstored } = told(event);
  expect([lines.length, confirmed, unstored]).toEqual([1, [], []]);
  expect(lines[0]).toMatchObject({ msg: event.name, level: event.name === 'write_failed' ? 50 : 30 });
});

it('an urgent change that standbys lack is told to log and sinks, and then to the log what became of it', () => {
  const change = actOf(KEYWARD, 'key.compromised', 'key:k1', { why: 'seen' });
  const states = ['owed', 'repeated', 'replicated', 'lost'] as const;
  const { lines, confirmed } = told(
    ...states.map((state) => ({ name: 'urgent_change', state, change }) as const),
  );
  expect(lines.map(({ level, subject }) => [level, subject])).toEqual([
    [40, 'key:k1'],
    [40, 'key:k1'],
    [30, 'key:k1'],
    [60, 'key:k1'],
  ]);
  expect(confirmed).toEqual([{ subject: 'key:k1', details: { why: 'seen' } }]);
});

it('an urgent change that is not on the disk of this host is an error of the log', () => {
  const { lines } = told({ name: 'urgent_change_unkept', cause: new Error('full') });
  expect(lines).toMatchObject([{ level: 50, err: { message: 'full' } }]);
});

it('the end of a failure is told once, where the failure was, with when it began', () => {
  const failed = { name: 'write_failed', condition: 'io_error', cause: null } as const;
  const { over } = told(
    { name: 'write_recovered' },
    { name: 'write_failed', condition: 'locked', cause: null },
    { name: 'write_recovered' },
    failed,
    failed,
    { name: 'read_recovered' },
    { name: 'write_recovered' },
    { name: 'write_recovered' },
  );
  expect(over).toEqual([{ type: 'database.failing', subject: 'database', since: 300 }]);
});

it('a group that waited for what another front restricted is counted, and nothing else is told of it', async () => {
  const { lines, confirmed, metrics } = told({ name: 'group_fenced' }, { name: 'group_fenced' });
  expect([lines, confirmed]).toEqual([[], []]);
  expect(await metrics.registry.metrics()).toContain('keyward_ledger_groups_fenced_total 2\n');
});
