import { expect, it } from 'vitest';
import { gateGauges } from '../../../src/access/gate.ts';
import type { ProposalView } from '../../../src/kernel/acts.ts';
import { keyGauges } from '../../../src/keys/gauges.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { aKey, DAY, GRACE, NOW, SCOPE } from './lifecycle/keys.ts';

const LINE =
  /^keyward_(?:keys|key_proofs|key_window|key_created|key_sign|next_rotation|rotation|proposals)\w*(?:\{|\s).*/gm;

it('tells of each scope where its keys are in their lives, and how many proposals wait', async () => {
  const keyRing = createKeyRing();
  keyRing.put({
    scopes: [SCOPE],
    keys: [aKey(0, 'active', { createdAt: NOW - 9 * DAY }), aKey(1, 'pre_activation')],
  });
  keyRing.put({ scopes: [{ ...SCOPE, id: 'mail' }], keys: [{ ...aKey(2, 'suspended'), scopeId: 'mail' }] });
  const proposals = ['open', 'executed', 'open'].map((state) => ({ state }) as ProposalView);
  const metrics = createMetrics();
  const clock = { nowSeconds: () => NOW };
  metrics.watch(keyGauges({ keyRing, clock, graceSeconds: GRACE }));
  metrics.watch(gateGauges({ list: ({ state }) => proposals.filter((each) => each.state === state) }));
  const lines = (await metrics.registry.metrics()).match(LINE) ?? [];
  expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([
    'keyward_keys{scope="payments",state="pre_activation"} 1',
    'keyward_keys{scope="payments",state="active"} 1',
    'keyward_keys{scope="mail",state="suspended"} 1',
    'keyward_key_proofs{scope="payments",status="unchecked"} 2',
    'keyward_key_proofs{scope="mail",status="unchecked"} 1',
    'keyward_key_window_used_ratio{scope="payments"} 0.5',
    `keyward_next_rotation_timestamp_seconds{scope="payments"} ${NOW + 7 * DAY - GRACE}`,
    `keyward_rotation_due_timestamp_seconds{scope="payments"} ${NOW + 7 * DAY - GRACE}`,
    `keyward_key_created_timestamp_seconds{scope="payments",state="pre_activation"} ${NOW - 8 * DAY}`,
    `keyward_key_created_timestamp_seconds{scope="payments",state="active"} ${NOW - 9 * DAY}`,
    `keyward_key_sign_until_timestamp_seconds{scope="payments",state="pre_activation"} ${NOW + 28 * DAY}`,
    `keyward_key_sign_until_timestamp_seconds{scope="payments",state="active"} ${NOW + 7 * DAY}`,
    'keyward_proposals_open 2',
  ]);
  expect(lines).toHaveLength(12 + 8 + 3 + 1 + 4 + 4);
});

it('tells of the sooner rotation where the records have a gap that the key is older than', async () => {
  const keyRing = createKeyRing();
  const standby = aKey(1, 'pre_activation');
  keyRing.put({ scopes: [SCOPE], keys: [aKey(0, 'active'), standby] });
  const metrics = createMetrics();
  const parts = { keyRing, clock: { nowSeconds: () => NOW }, graceSeconds: GRACE };
  metrics.watch(keyGauges({ ...parts, renewedSince: () => NOW }));
  const [line] =
    (await metrics.registry.metrics()).match(/^keyward_next_rotation_timestamp_seconds\{.*/m) ?? [];
  const at = Number(line?.split(' ').at(-1));
  expect(at).toBeGreaterThanOrEqual(NOW);
  expect(at).toBeLessThan(NOW + 7 * DAY - GRACE);
});

it('tells what stands in the way of a rotation, where something does', async () => {
  const keyRing = createKeyRing();
  keyRing.put({ scopes: [SCOPE], keys: [aKey(0, 'active')] });
  const metrics = createMetrics();
  const clock = { nowSeconds: () => NOW };
  metrics.watch(keyGauges({ keyRing, clock, graceSeconds: GRACE }));
  expect((await metrics.registry.metrics()).match(/^keyward_rotation_obstacle\{.*/gm)).toEqual([
    'keyward_rotation_obstacle{scope="payments",obstacle="paused"} 0',
    'keyward_rotation_obstacle{scope="payments",obstacle="no_standby"} 1',
    'keyward_rotation_obstacle{scope="payments",obstacle="standby_away"} 0',
    'keyward_rotation_obstacle{scope="payments",obstacle="standby_too_new"} 0',
  ]);
});

it('tells of keys out of service', async () => {
  const keyRing = createKeyRing();
  const key = aKey(0, 'active');
  keyRing.put({
    scopes: [SCOPE],
    keys: [key],
    refused: [{ kid: 'forged', scopeId: SCOPE.id, why: 'kid: differs' }],
  });
  keyRing.applyProofs([{ kid: key.kid, found: true, proven: false, attributes: {}, unproven: ['x'] }]);
  const metrics = createMetrics();
  metrics.watch(keyGauges({ keyRing, clock: { nowSeconds: () => NOW }, graceSeconds: GRACE }));
  expect((await metrics.registry.metrics()).match(/^keyward_key_(?:unproven|refused).*/gm)).toEqual([
    'keyward_key_unproven{scope="payments"} 1',
    'keyward_key_refused 1',
  ]);
});
