import { expect, test } from 'vitest';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import type { SignerEvent } from '../../src/signer/signer-link.ts';
import { signerEventHandler } from '../../src/signer-events.ts';
import { recordedLog } from './http/fakes.ts';

const READY: SignerEvent = {
  type: 'ready',
  pid: 7,
  token: {
    label: 'keyward',
    serial: '01',
    manufacturer: 'SoftHSM project',
    model: 'SoftHSM v2',
    firmware: '2.6',
    algorithms: ['ES256'],
    sessions: 4,
    mechanisms: [0x1041],
  },
};
const failed = (ckr: number): SignerEvent => ({
  type: 'log',
  log: 'error',
  message: 'not opened',
  details: { ckr },
});

function told(events: readonly SignerEvent[]) {
  const { log, lines } = recordedLog();
  const handle = signerEventHandler({
    log,
    hsmToken: 'issuer-b',
    metrics: createMetrics(),
    keyRing: createKeyRing(),
  });
  for (const event of events) handle(event);
  return lines;
}

test('attempts that fail alike are told once, until a process serves', () => {
  const lines = told([failed(5), failed(5), failed(6), failed(5), READY, failed(5)]);
  expect(lines.map(({ msg, signer }) => [msg, signer])).toEqual([
    ['not opened', { ckr: 5 }],
    ['not opened', { ckr: 6 }],
    ['signer ready', undefined],
    ['not opened', { ckr: 5 }],
  ]);
});

test('a signer that is ready tells of its token, without the hundred numbers of its mechanisms', () => {
  expect(told([READY])).toMatchObject([{ level: 30, hsm_token: 'issuer-b', pid: 7 }]);
  const { mechanisms: _, ...token } = READY.token;
  expect(told([READY])[0]?.hsm).toEqual(token);
});

test('a latch is told at the highest level', () => {
  const lines = told([{ type: 'latched', code: 'pin_latched', why: 'the PIN is wrong' }]);
  expect(lines).toMatchObject([{ level: 60, code: 'pin_latched', why: 'the PIN is wrong' }]);
});
