import { expect, test } from 'vitest';
import { watchGauges } from '../../../src/health/gauges.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const LINE = /^keyward_(signer|key|ledger|clock)\w*(\{|\s).*/gm;

test('the parts are asked for keys out of service, for queues and for the state of the signer', async () => {
  const keyRing = createKeyRing();
  const scope = aScope({ id: 'payments' });
  const key = aSigningKey(scope, softwareKey('ES256'), { signFrom: 10, signUntil: 100 });
  const refused = [{ kid: 'forged', scopeId: 'payments', why: 'kid: differs' }];
  keyRing.put({ scopes: [scope], keys: [key], refused });
  keyRing.applyProofs([{ kid: key.kid, found: true, proven: false, attributes: {}, unproven: ['x'] }]);
  const metrics = createMetrics();
  watchGauges(metrics, {
    keyRing,
    links: new Map([
      ['primary', { state: () => 'away', queued: () => 2 }],
      ['issuer-b', { state: () => 'ready', queued: () => 0 }],
    ]),
    store: { queuedRecords: () => 3 },
    disks: { used: () => ({}) },
    verifiers: { list: () => [] },
    audit: { sinksUp: () => ({}), checkpointAge: () => 0, clockTrusted: () => false },
    clock: { nowSeconds: () => 1_800_000_000 },
  });
  expect((await metrics.registry.metrics()).match(LINE)?.sort()).toEqual([
    'keyward_clock_timestamp_seconds 1800000000',
    'keyward_clock_trusted 0',
    'keyward_key_refused 1',
    'keyward_key_unproven{scope="payments"} 1',
    'keyward_ledger_queue 3',
    'keyward_signer_queue{hsm_token="issuer-b"} 0',
    'keyward_signer_queue{hsm_token="primary"} 2',
    'keyward_signer_state{hsm_token="issuer-b",state="away"} 0',
    'keyward_signer_state{hsm_token="issuer-b",state="latched"} 0',
    'keyward_signer_state{hsm_token="issuer-b",state="ready"} 1',
    'keyward_signer_state{hsm_token="issuer-b",state="starting"} 0',
    'keyward_signer_state{hsm_token="primary",state="away"} 1',
    'keyward_signer_state{hsm_token="primary",state="latched"} 0',
    'keyward_signer_state{hsm_token="primary",state="ready"} 0',
    'keyward_signer_state{hsm_token="primary",state="starting"} 0',
  ]);
});
