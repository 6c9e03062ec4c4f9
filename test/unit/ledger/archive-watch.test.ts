import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createArchiveWatch } from '../../../src/ledger/archive-watch.ts';
import { raiserInto } from '../../support/raised-events.ts';

function watching() {
  const state = { missing: [] as readonly string[], now: 1_800_000_000 };
  const raised: SecurityEventReport[] = [];
  const look = createArchiveWatch({
    archives: { missing: async () => state.missing },
    events: raiserInto(raised),
    clock: { nowSeconds: () => state.now },
  });
  return { state, raised, look };
}

it('tells once of segments that are not there at two looks, and once they are there again', async () => {
  const { state, raised, look } = watching();
  state.missing = ['segment-000001.db', 'segment-000002.db'];
  await look();
  expect(raised).toEqual([]);
  for (let n = 0; n < 3; n += 1) {
    state.now += 60;
    await look();
  }
  const evidence = { host: hostname(), details: state.missing, since: 1_800_000_060 };
  expect(raised).toMatchObject([
    { type: 'ledger.archive_missing', severity: 'warning', subject: `archive:${hostname()}`, evidence },
  ]);
  state.missing = [];
  await look();
  await look();
  expect(raised.slice(1)).toMatchObject([
    { type: 'condition.over', evidence: { condition: 'ledger.archive_missing', since: 1_800_000_060 } },
  ]);
});

it('tells nothing of a segment that another front has just written', async () => {
  const { state, raised, look } = watching();
  for (const missing of [['segment-000001.db'], [], ['segment-000002.db'], ['segment-000003.db'], []]) {
    state.missing = missing;
    await look();
  }
  expect(raised).toEqual([]);
});
