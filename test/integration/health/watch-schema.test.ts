import { expect, it } from 'vitest';
import { createOutageWatch, type UnstoredEvent } from '../../../src/events/index.ts';
import { createSchemaWatch } from '../../../src/health/schema.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { createLogger } from '../../../src/server/logger.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { raiserOver } from '../../support/raised-events.ts';
import { query } from '../../support/store-database.ts';

const WHY = 'trigger "quiet" is not Keyward\'s';
const TRIGGER = 'CREATE TRIGGER quiet BEFORE INSERT ON revocations BEGIN SELECT RAISE(IGNORE); END';

async function watched(confirm?: () => Promise<void>) {
  const { store, file } = await openTestStore();
  const lines: Record<string, unknown>[] = [];
  const told: AuditEvent[] = [];
  const outages = createOutageWatch(NOON);
  const unstored: UnstoredEvent[] = [];
  outages.unstored.subscribe((event) => void unstored.push(event));
  const raiser = raiserOver(store.securityEvents);
  const look = createSchemaWatch({
    store,
    events: raiser,
    sinks: {
      confirm: async (event) => {
        told.push(event);
        await confirm?.();
      },
    },
    outages,
    clock: NOON,
    log: createLogger({
      level: 'error',
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
    }),
  });
  const raised = async () => {
    await raiser.settled();
    return store.securityEvents.list({ type: 'database.schema_changed' }, { limit: 9 });
  };
  const logged = () => lines.map(({ level, event, why }) => [level, event, why]);
  return { store, file, look, told, unstored, raised, logged };
}

it('says nothing while the schema is ours', async () => {
  const { look, told, unstored, raised, logged } = await watched();
  await look();
  expect([told, unstored, await raised(), logged()]).toEqual([[], [], [], []]);
});

it('tells log, sinks and targets of a trigger at once and once, and the database when the schema is ours again', async () => {
  const { file, look, told, unstored, raised, logged } = await watched();
  query(file, TRIGGER);
  await look();
  await look();
  expect(logged()).toEqual([[60, 'database.schema_changed', WHY]]);
  expect(told.map(({ type, details }) => [type, details])).toEqual([
    ['security_event.raised', { type: 'database.schema_changed', severity: 'critical', why: WHY }],
  ]);
  expect(unstored).toEqual([
    {
      type: 'database.schema_changed',
      severity: 'critical',
      subject: expect.any(String),
      evidence: { why: WHY, day: '2025-10-09' },
      isRetried: true,
    },
  ]);
  query(file, 'DROP TRIGGER quiet');
  await look();
  await look();
  expect(unstored).toHaveLength(1);
  expect((await raised()).map(({ severity, evidence }) => [severity, evidence])).toEqual([
    ['critical', { why: WHY, day: '2025-10-09' }],
  ]);
});

it('keeps the event for the database where no sink can be told', async () => {
  const { file, look, raised, logged } = await watched(() => Promise.reject(new Error('away')));
  query(file, TRIGGER);
  await look();
  expect(logged().map(([level]) => level)).toEqual([60, 50]);
  query(file, 'DROP TRIGGER quiet');
  await look();
  expect(await raised()).toHaveLength(1);
});
