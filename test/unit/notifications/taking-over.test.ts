import { expect, it, vi } from 'vitest';
import { hook, jump, PATIENCE } from '../../support/hooked-target.ts';
import { switchedLeadership } from '../../support/leadership.ts';
import { ADA, notifyFrom, notifying } from '../../support/notifying.ts';

/** Two processes on one store, of which the first leads until the other takes over. */
async function two(section: (target: object) => object = (target) => ({ targets: { log: target } })) {
  const { receiver, target } = await hook();
  const [one, other] = [switchedLeadership(true), switchedLeadership()];
  const given = { section: section(target) };
  const { store, time, ...leading } = await notifying({ ...given, leadership: one.leadership });
  const following = await notifyFrom(store, { ...given, time, leadership: other.leadership });
  return { receiver, store, time, one: one.state, other: other.state, leading, following };
}

const toldBy = ({ received }: { readonly received: readonly { readonly body: string }[] }) =>
  received.map(({ body }) => JSON.parse(body).data.event.sequence as number);
const alarms = ({ store }: Pick<Awaited<ReturnType<typeof two>>, 'store'>) =>
  store.securityEvents.list({ type: 'notification.outbox_changed' }, { limit: 9 });

it('tells nothing while another process leads, and what that one had not told once it leads', async () => {
  const service = await two();
  const { receiver, store, one, other, leading, following } = service;
  await store.securityEvents.raise(jump(1));
  await following.look();
  await leading.look();
  await vi.waitFor(() => expect(toldBy(receiver)).toEqual([1]), PATIENCE);
  await expect.poll(async () => (await leading.deliveries())[0]?.state, PATIENCE).toBe('delivered');
  one.isLeading = false;
  await store.securityEvents.raise(jump(2));
  await leading.look();
  await following.look();
  expect(await following.deliveries()).toHaveLength(1);
  other.isLeading = true;
  await following.look();
  await vi.waitFor(() => expect(toldBy(receiver)).toEqual([1, 2]), PATIENCE);
});

it('tells nothing twice, and takes what the other did for nobody else’s doing, however often they change', async () => {
  const service = await two();
  const { receiver, store, time, one, other, leading, following } = service;
  for (let turn = 1; turn <= 4; turn += 1) {
    one.isLeading = turn % 2 === 1;
    other.isLeading = !one.isLeading;
    await store.securityEvents.raise(jump(turn));
    for (let look = 0; look < 3; look += 1) {
      time.pass(61);
      for (const each of [leading, following]) await each.look();
    }
    await expect
      .poll(
        async () => (await leading.deliveries()).filter(({ state }) => state === 'delivered').length,
        PATIENCE,
      )
      .toBe(turn);
  }
  expect(toldBy(receiver)).toEqual([1, 2, 3, 4]);
  expect(await alarms(service)).toEqual([]);
});

it('goes on with what the other could not deliver, after as many attempts', async () => {
  const { receiver, store, time, one, other, leading, following } = await two();
  receiver.always(500);
  await store.securityEvents.raise(jump(1));
  await leading.look();
  await expect.poll(async () => (await leading.deliveries())[0]?.attempts, PATIENCE).toBe(1);
  one.isLeading = false;
  other.isLeading = true;
  receiver.always(204);
  time.pass(60);
  await following.look();
  await expect
    .poll(
      async () => (await following.deliveries()).map(({ state, attempts }) => [state, attempts]),
      PATIENCE,
    )
    .toEqual([['delivered', 2]]);
});

it('leaves it to the next to lead what became of a message that was sent when it led no more', async () => {
  const { receiver, store, one, other, leading, following } = await two();
  receiver.next('hang');
  await store.securityEvents.raise(jump(1));
  await leading.look();
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE);
  one.isLeading = false;
  other.isLeading = true;
  receiver.always(204);
  await following.look();
  await expect.poll(async () => (await following.deliveries())[0]?.state, PATIENCE).toBe('delivered');
  receiver.letGo();
  await leading.notifications.stop();
  expect((await following.deliveries()).map(({ state, attempts }) => [state, attempts])).toEqual([
    ['delivered', 1],
  ]);
});

it('escalates what nobody acknowledged where it leads, once', async () => {
  const { store, time, one, other, leading, following } = await two((target) => ({
    targets: { log: target },
    routes: ['first', 'second'].map((name) => ({ name, targets: ['log'], acknowledge_within_seconds: 600 })),
  }));
  await store.securityEvents.raise(jump(1));
  await leading.look();
  time.pass(600);
  await following.look();
  one.isLeading = false;
  await leading.look();
  expect(await following.deliveries()).toHaveLength(1);
  other.isLeading = true;
  for (let look = 0; look < 2; look += 1) await following.look();
  expect((await following.deliveries()).map(({ kind, route }) => [kind, route])).toEqual([
    ['escalation', 'second'],
    ['event', 'first'],
  ]);
});

it('sends a heartbeat where it leads alone', async () => {
  const { receiver, time, leading, following } = await two((target) => ({
    targets: { log: target },
    heartbeat_seconds: 3_600,
  }));
  time.pass(3_600);
  for (const { notifications } of [following, leading, following]) await notifications.heartbeat();
  expect(receiver.received).toHaveLength(1);
});

it('gives up what waits for targets of another configuration once it leads, and what is replayed is sent by who leads', async () => {
  const { receiver, store, time, one, other, leading, following } = await two();
  receiver.always(500);
  await store.securityEvents.raise(jump(1));
  await leading.look();
  await expect.poll(async () => (await leading.deliveries())[0]?.attempts, PATIENCE).toBe(1);
  const further = switchedLeadership();
  const without = await notifyFrom(store, { section: {}, time, leadership: further.leadership });
  await without.look();
  expect((await leading.deliveries())[0]?.state).toBe('pending');
  one.isLeading = false;
  further.state.isLeading = true;
  await without.look();
  const [dead] = await leading.deliveries();
  expect(dead?.state).toBe('dead');
  further.state.isLeading = false;
  other.isLeading = true;
  receiver.always(204);
  await leading.desk.replay(dead?.id ?? 0, ADA);
  await following.look();
  await expect.poll(async () => (await following.deliveries())[0]?.state, PATIENCE).toBe('delivered');
  expect(await alarms({ store })).toEqual([]);
});
