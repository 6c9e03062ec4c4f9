import { expect, it } from 'vitest';
import type { ActKeys } from '../../../src/events/acts.ts';
import { followActs } from '../../../src/events/follow-acts.ts';
import { type AuditEvent, actOf } from '../../../src/kernel/audit.ts';
import type { Leadership } from '../../../src/kernel/registry.ts';
import type { EventRaiser } from '../../../src/kernel/security-events.ts';
import { SOLE_OWNER, switchedLeadership } from '../../support/leadership.ts';
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

let now = 1_760_000_000;
const clock = { nowSeconds: () => now };
const ALONE = { keyRing, singleOperator: false, leadership: SOLE_OWNER, clock };

const following = (store: TestStore, events: EventRaiser, leadership: Leadership = SOLE_OWNER) =>
  followActs({ ...ALONE, audit: store.audit, events, leadership });
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
  const look = await followActs({ ...ALONE, audit, events: raiser });
  await record(store, compromise('k1'));
  await expect(look()).rejects.toThrow('away');
  isAway = false;
  await look();
  await raiser.settled();
  expect(await subjects(store)).toEqual(['key:k1']);
});

it('tells nothing while another process leads, and once it leads what that one may not have told', async () => {
  const { store } = await openTestStore();
  const raiser = raiserOver(store.securityEvents);
  const { state, leadership } = switchedLeadership();
  const look = await following(store, raiser, leadership);
  const lookLater = async (seconds: number) => {
    now += seconds;
    await look();
    await raiser.settled();
  };
  await record(store, started, compromise('told by the other'));
  await lookLater(60);
  await lookLater(60);
  await record(store, compromise('left behind'));
  await lookLater(59);
  expect(await subjects(store)).toEqual([]);
  state.isLeading = true;
  await lookLater(1);
  await lookLater(1);
  expect(await subjects(store)).toEqual(['key:left behind']);
  state.isLeading = false;
  await record(store, compromise('later'));
  await lookLater(1);
  expect(await subjects(store)).toHaveLength(1);
  state.isLeading = true;
  await lookLater(1);
  expect(await subjects(store)).toEqual(['key:left behind', 'key:later']);
});
