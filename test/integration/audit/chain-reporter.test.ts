import { expect, it } from 'vitest';
import { chainReporter } from '../../../src/audit/open-chains.ts';
import { TrailWalk } from '../../../src/audit/trail-walk.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { raiserOver } from '../../support/raised-events.ts';
import { query } from '../../support/store-database.ts';

const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };
const DAY_SECONDS = 86_400;

it('tells of the same place once a day, however often it is changed', async () => {
  const now = { seconds: 1_760_000_000 };
  const clock = { nowSeconds: () => now.seconds };
  const { store, file } = await openTestStore({ clock });
  const raiser = raiserOver(store.securityEvents);
  const report = chainReporter('audit', { raiser, clock });
  const walk = new TrailWalk(
    store.revocations,
    () => false,
    () => undefined,
  );
  const look = async () => {
    const { audit } = await walk.step();
    if (audit) report(audit);
    await raiser.settled();
  };
  const told = () =>
    query(file, `SELECT evidence_json FROM security_events WHERE type = 'audit.chain_broken'`).map(
      ({ evidence_json }) => JSON.parse(evidence_json as string),
    );
  const [place, why] = ['event 1', 'its content and the event before it do not give its hash'];
  const set = (actor: string) =>
    query(file, `UPDATE audit_events SET actor = '${actor}' WHERE sequence = 1 RETURNING 1`);

  await store.audit.record(EVENT);
  await look();
  expect(told()).toEqual([]);
  set('mallory');
  await look();
  set('alice');
  await look();
  set('mallory');
  await look();
  expect(told()).toEqual([{ chain: 'audit', place, why, day: '2025-10-09' }]);
  now.seconds += DAY_SECONDS;
  await look();
  expect(told().map(({ day }) => day)).toEqual(['2025-10-09', '2025-10-10']);
});
