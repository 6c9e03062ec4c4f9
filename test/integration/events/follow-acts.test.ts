import { expect, it } from 'vitest';
import type { ActKeys } from '../../../src/events/acts.ts';
import { followActs } from '../../../src/events/follow-acts.ts';
import { type AuditEvent, actOf } from '../../../src/kernel/audit.ts';
import type { EventRaiser } from '../../../src/kernel/security-events.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { raiserOver } from '../../support/raised-events.ts';

type TestStore = Awaited<ReturnType<typeof openTestStore>>['store'];

const keyRing = {
  scope: () => undefined,
  scopes: () => [],
  knownKey: () => undefined,
  knownKeysOf: () => [],
} as ActKeys;
const act = (type: string, subject: string): AuditEvent =>
  actOf({ operatorId: 'alice', requestId: null }, type, subject);
const started = act('service.started', 'service');
const compromise = (kid: string) => act('key.compromised', `key:${kid}`);

const following = (store: TestStore, events: EventRaiser) =>
  followActs({ audit: store.audit, keyRing, events, singleOperator: false });
const subjects = async ({ securityEvents }: TestStore) =>
  (await securityEvents.list({}, { limit: 1_000 })).map(({ subject }) => subject).reverse();

async function record(store: TestStore, ...events: readonly AuditEvent[]) {
  for (const event of events) await store.audit.record(event);
}

it('tells each act once, in order, however many there are, and not its own telling', async () => {
  const { store } = await openTestStore();
  const raiser = raiserOver(store.securityEvents);
  const look = await following(store, raiser);
  const kids = Array.from({ length: 230 }, (_, n) => `k${n}`);
  await record(store, started, ...kids.map(compromise));
  for (let n = 0; n < 3; n += 1) {
    await look();
    await raiser.settled();
  }
  expect(await subjects(store)).toEqual(kids.map((kid) => `key:${kid}`));
});

it('tells after a restart what the last run did not, and nothing twice', async () => {
  const { store, file } = await openTestStore();
  const raiser = raiserOver(store.securityEvents);
  const look = await following(store, raiser);
  await record(store, started, compromise('told'));
  await look();
  await raiser.settled();
  await record(store, compromise('killed-before-it-was-told'));

  const { store: again } = await openTestStore({ file });
  const next = raiserOver(again.securityEvents);
  const lookAgain = await following(again, next);
  await record(again, started);
  await lookAgain();
  await next.settled();
  expect(await subjects(again)).toEqual(['key:told', 'key:killed-before-it-was-told']);
});

it('does not tell at a first start what set the service up', async () => {
  const { store } = await openTestStore();
  await record(store, act('operator.created', 'operator:alice'));
  const raiser = raiserOver(store.securityEvents);
  const look = await following(store, raiser);
  await record(store, started, act('operator.created', 'operator:bob'));
  await look();
  await raiser.settled();
  expect(await subjects(store)).toEqual(['operator:bob']);
});

it('looks back over a bounded number of events', async () => {
  const { store } = await openTestStore();
  const other = Array.from({ length: 255 }, () => act('key.proved', 'key:k'));
  await record(store, started, compromise('long-ago'), compromise('lately'), ...other);
  const raiser = raiserOver(store.securityEvents);
  const look = await following(store, raiser);
  await look();
  await raiser.settled();
  expect(await subjects(store)).toEqual(['key:lately']);
});

it('goes on where the trail could not be read', async () => {
  const { store } = await openTestStore();
  const raiser = raiserOver(store.securityEvents);
  let isAway = true;
  const audit = {
    auditHead: () => store.audit.auditHead(),
    newestOfType: (type: string, limit: number) => store.audit.newestOfType(type, limit),
    witnessedAfter: (place: number, limit: number) =>
      isAway ? Promise.reject(new Error('away')) : store.audit.witnessedAfter(place, limit),
  };
  const look = await followActs({ audit, keyRing, events: raiser, singleOperator: false });
  await record(store, compromise('k1'));
  await expect(look()).rejects.toThrow('away');
  isAway = false;
  await look();
  await raiser.settled();
  expect(await subjects(store)).toEqual(['key:k1']);
});
