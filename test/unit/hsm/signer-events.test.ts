import { expect, test } from 'vitest';
import { createOutageWatch } from '../../../src/events/outages.ts';
import { signerEventHandler } from '../../../src/hsm/signer-events.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import type { SignerEvent } from '../../../src/signer/signer-link.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const READY: SignerEvent = {
  type: 'ready',
  pid: 7,
  token: {
    label: 'keyward',
    serial: '01',
    manufacturer: 'Acme',
    model: 'HSM 3',
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

function told(events: readonly SignerEvent[], keyRing = createKeyRing()) {
  const { log, lines } = recordedLog();
  const handle = signerEventHandler({
    log,
    hsmToken: 'issuer-b',
    suspectTokens: { emit: () => {} },
    metrics: createMetrics(),
    keyRing,
    outages: createOutageWatch({ nowSeconds: () => 100 }),
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

test.each<[string, boolean, readonly SignerEvent[]]>([
  ['whose signer is replaced', true, [READY, { type: 'replaced', why: 'it hangs' }]],
  ['that cannot be opened', true, [{ type: 'away', why: 'no such token' }]],
  ['whose PIN is latched', true, [READY, { type: 'latched', why: 'rejected' }]],
  ['that is ready', false, [READY]],
  ['that is ready again', false, [{ type: 'away', why: 'no such token' }, READY]],
  ['that failed once', false, [READY, failed(5)]],
  ['that lacks a key', false, [READY, { type: 'missing', kids: ['k1'] }]],
])('a token %s: away %s', (_, away, events) => {
  const keyRing = createKeyRing();
  told(events, keyRing);
  expect(keyRing.awaySeconds('issuer-b') > 0).toBe(away);
  expect(keyRing.awaySeconds('primary')).toBe(0);
});

test('a signer that is ready tells of its token, without the hundred numbers of its mechanisms', () => {
  expect(told([READY])).toMatchObject([{ level: 30, hsm_token: 'issuer-b', pid: 7 }]);
  const { mechanisms: _, ...token } = READY.token;
  expect(told([READY])[0]?.hsm).toEqual(token);
});

test('a token that is a program is named so, once', () => {
  const software = {
    ...READY,
    token: { ...READY.token, manufacturer: 'SoftHSM project', model: 'SoftHSM v2' },
  };
  const lines = told([software, software]);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [30, 'signer ready'],
    [40, 'software HSM: its keys are files, and a copy of them with the PIN is a copy of the keys'],
    [30, 'signer ready'],
  ]);
});

test('a latch is told at the highest level', () => {
  const lines = told([{ type: 'latched', why: 'the PIN is wrong' }]);
  expect(lines).toMatchObject([{ level: 60, code: 'pin_latched', why: 'the PIN is wrong' }]);
});

test.each([
  ['hsm.unavailable', { type: 'away', why: 'no such token' }],
  ['hsm.pin_rejected', { type: 'latched', why: 'rejected' }],
] as const)('%s is told of a signer that does not come back, and not of one that does', (type, event) => {
  const { log } = recordedLog();
  let now = 100;
  const outages = createOutageWatch({ nowSeconds: () => now });
  const handle = signerEventHandler({
    log,
    hsmToken: 'issuer-b',
    suspectTokens: { emit: () => {} },
    metrics: createMetrics(),
    keyRing: createKeyRing(),
    outages,
  });
  const raised: SecurityEventReport[] = [];
  const tell = () => {
    for (const each of [outages.hsm, outages.pins]) each.raiseEvents(raiserInto(raised));
  };
  handle(event);
  handle(READY);
  now += 10;
  tell();
  expect(raised).toEqual([]);
  handle(event);
  now += 10;
  tell();
  tell();
  expect(raised.map(({ type, evidence }) => [type, evidence])).toEqual([
    [type, { hsm_token: 'issuer-b', since: 110, why: event.why }],
  ]);
});

test('details beyond all measure are left out', () => {
  const line = { type: 'log', log: 'warn', message: 'm', details: { text: 'x'.repeat(2_000_000) } } as const;
  expect(told([line])[0]?.signer).toMatch(/^\d{7} characters of details left out$/);
});
