import { expect, it } from 'vitest';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { type AuditEvent, actOf } from '../../../src/kernel/audit.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { repeatLeftBehind } from '../../../src/restore/replay-restrictions.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const LOST = 'before a promotion of the database lost it';
const act = (type: string, subject: string, why = 'seen') => actOf(KEYWARD, type, subject, { why });
const AWAY = new KeywardError('store_unavailable', 'no server');

/** With events left behind, and keys that answer so. */
async function repeated(events: readonly AuditEvent[], fails: Readonly<Record<string, KeywardError>> = {}) {
  const asked: string[] = [];
  const answer = async (what: string, of: string) => {
    asked.push(what);
    if (fails[of]) throw fails[of];
  };
  const settled: AuditEvent[] = [];
  const { log, lines } = recordedLog();
  const deps = {
    store: {
      leftBehind: {
        isThere: () => events.length > 0,
        read: async () => ({ events, flaw: undefined }),
        settle: (done: readonly AuditEvent[]) => void settled.push(...done),
      },
    },
    keys: {
      perform: ({ act: what, kid, why }: Record<string, string>) =>
        answer(`${what} ${kid}: ${why}`, `${kid}`),
      compromiseToken: ({ hsmToken, why }: Record<string, string>) =>
        answer(`${hsmToken}: ${why}`, `${hsmToken}`),
    },
    clients: {},
    operators: {},
    log,
  } as unknown as Parameters<typeof repeatLeftBehind>[0];
  const outcome = await repeatLeftBehind(deps).catch((error: unknown) => error);
  return { asked, settled, outcome, levels: lines.map(({ level, subject }) => [level, subject]) };
}

it('orders compromises and suspensions anew, and leaves the rest to people', async () => {
  const events = [
    act('key.compromised', 'key:k1'),
    act('key.suspended', 'key:k2'),
    act('hsm.compromised', 'hsm:primary'),
    act('key.rotated', 'scope:payments'),
    act('client.credential_replaced', 'client:c1'),
    act('constructor', 'key:k3'),
  ];
  const { asked, settled, outcome, levels } = await repeated(events);
  expect(asked).toEqual([
    `compromise k1: ${LOST}: seen`,
    `suspend k2: ${LOST}: seen`,
    `primary: ${LOST}: seen`,
  ]);
  expect([outcome, settled]).toEqual([3, events]);
  expect(levels).toEqual([
    [40, 'key:k1'],
    [40, 'key:k2'],
    [40, 'hsm:primary'],
    [50, 'scope:payments'],
    [50, 'client:c1'],
    [50, 'key:k3'],
  ]);
});

it('orders the others where one fails, which stays left behind', async () => {
  const events = [act('key.compromised', 'key:k1'), act('key.compromised', 'key:k2')];
  const { asked, settled, outcome } = await repeated(events, { k1: AWAY });
  expect(asked).toHaveLength(2);
  expect([outcome, settled]).toEqual([AWAY, events.slice(1)]);
});

it('tells of a key that is not there, and gives no reason twice', async () => {
  const events = [act('key.compromised', 'key:k1', `${LOST}: seen`)];
  const gone = new KeywardError('unknown_key', 'no such key');
  expect(await repeated(events, { k1: gone })).toEqual({
    asked: [`compromise k1: ${LOST}: seen`],
    settled: events,
    outcome: 0,
    levels: [[50, 'key:k1']],
  });
  expect(await repeated([])).toMatchObject({ asked: [], settled: [], outcome: 0 });
});
