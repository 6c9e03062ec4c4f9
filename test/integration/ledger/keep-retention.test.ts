import { expect, it, vi } from 'vitest';
import type { Leadership } from '../../../src/kernel/registry.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { keepRetention } from '../../../src/ledger/retention.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { SOLE_OWNER, switchedLeadership } from '../../support/leadership.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { query } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const PATIENCE = { timeout: 30_000, interval: 20 };

/** Two records in a group each, of which all is due, and a step as soon as the one before has ended. */
async function retaining(tamper = '', leadership: Leadership = SOLE_OWNER) {
  const { store, file } = await openTestStore();
  for (const n of [0, 1]) await store.records.append(issuanceRecord(n));
  if (tamper !== '') query(file, tamper);
  const raised: SecurityEventReport[] = [];
  const { log, lines } = recordedLog();
  const retention = keepRetention(
    {
      archives: store.ledger.archives,
      keys: async () => [],
      clock: { nowSeconds: () => NOON + 400 * 86_400 },
      timeGuard: { isSettled: () => true },
      leadership,
      onlineDays: 30,
      retentionDays: 730,
      events: raiserInto(raised),
      log,
    },
    1,
  );
  return { store, raised, lines, retention };
}

it('tells of a ledger that is not as it was committed', async () => {
  const { raised, retention } = await retaining(
    `UPDATE issuance_records SET jti = 'x' WHERE sequence = 2 RETURNING 1`,
  );
  await vi.waitFor(() => expect(raised).not.toEqual([]), PATIENCE);
  await retention.stop();
  expect(raised[0]).toMatchObject({
    type: 'audit.chain_broken',
    severity: 'critical',
    subject: 'chain:ledger',
    evidence: {
      chain: 'ledger',
      place: 'ledger group 2 is not as it was committed',
      why: 'its rows do not give its hash; they stay, and nothing behind them is archived',
      day: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
    },
  });
  // Told again that day, it is the same event.
  expect(raised).toHaveLength(1);
});

it('tells nothing of one that is', async () => {
  const { raised, lines, retention } = await retaining();
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('ledger retention'), PATIENCE);
  await retention.stop();
  expect(raised).toEqual([]);
});

it('archives nothing while another process leads, and all that is due once it leads', async () => {
  const { state, leadership } = switchedLeadership();
  const { lines, retention } = await retaining('', leadership);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(lines).toEqual([]);
  state.isLeading = true;
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('ledger retention'), PATIENCE);
  await retention.stop();
});

it('tells nothing of a store that is away: it is logged, and tried again', async () => {
  const { store, raised, lines, retention } = await retaining();
  await store.close();
  await vi.waitFor(
    () => expect(lines.map(({ msg }) => msg)).toContain('ledger retention failed; it is tried again'),
    PATIENCE,
  );
  await retention.stop();
  expect(raised).toEqual([]);
});
