import { expect, test } from 'vitest';
import { signerGauges } from '../../../src/hsm/signers.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';

test('each signer is asked for its queue and its state', async () => {
  const metrics = createMetrics();
  metrics.watch(
    signerGauges(
      new Map([
        ['primary', { state: () => 'away', queued: () => 2 }],
        ['issuer-b', { state: () => 'ready', queued: () => 0 }],
      ]),
    ),
  );
  expect((await metrics.registry.metrics()).match(/^keyward_signer_(?:state|queue)\{.*/gm)?.sort()).toEqual([
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
