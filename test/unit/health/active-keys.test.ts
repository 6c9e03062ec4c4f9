import { beforeEach, expect, it } from 'vitest';
import { createActiveKeyWatch } from '../../../src/health/active-keys.ts';
import { lackedKeys, signingScopes } from '../../../src/kernel/key.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { aKey, SCOPE } from '../keys/lifecycle/keys.ts';

const MAIL = { ...SCOPE, id: 'mail' };
const active = aKey(0, 'active');
const standby = aKey(1, 'pre_activation');
const ofMail = { ...aKey(2, 'active'), scopeId: 'mail' };

let now: number;
let ring: KeyRingKeeper;
let raised: SecurityEventReport[];
let look: () => Promise<void>;

beforeEach(() => {
  now = 1_000;
  ring = createKeyRing();
  ring.put({ scopes: [SCOPE], keys: [active, standby] });
  ring.put({ scopes: [MAIL], keys: [ofMail] });
  raised = [];
  look = createActiveKeyWatch({
    keyRing: ring,
    clock: { nowSeconds: () => now },
    events: raiserInto(raised),
  });
});

const say = (kid: string, found: boolean, proven: boolean) =>
  ring.applyProofs([{ kid, found, proven, attributes: {}, unproven: proven ? [] : ['it is extractable'] }]);
const told = () => raised.map(({ type, subject, evidence }) => [type, subject, evidence.kid, evidence.why]);
const pass = async (seconds: number) => {
  now += seconds;
  await look();
};

it('tells of each scope whose active key its signer lacks, once it has lasted, and once', async () => {
  say(active.kid, false, false);
  say(ofMail.kid, true, false);
  await look();
  await pass(9);
  expect(told()).toEqual([]);
  await pass(1);
  await pass(100);
  expect(told()).toEqual([
    ['key.active_missing', 'scope:payments', active.kid, 'the HSM does not show it'],
    ['key.active_missing', 'scope:mail', ofMail.kid, 'it is not proven: it is extractable'],
  ]);
  expect(signingScopes(ring)).toEqual({
    signing: 2,
    lacking: ['payments', 'mail'],
    hsmTokens: new Set(['primary']),
  });
});

it('tells nothing of a key that is back in time, that does not sign yet, or that nobody has looked for', async () => {
  say(active.kid, false, false);
  say(standby.kid, false, false);
  await look();
  say(active.kid, true, true);
  await pass(11);
  expect(told()).toEqual([]);
  expect(lackedKeys(ring)).toEqual([]);
  expect(signingScopes(ring)).toMatchObject({ signing: 2, lacking: [] });
});

it('tells anew of a key that was back and is missing again', async () => {
  for (const found of [false, true, false]) {
    say(active.kid, found, found);
    await pass(1);
    await pass(10);
  }
  const types = raised.map(({ type }) => type);
  expect(types).toEqual(['key.active_missing', 'condition.over', 'key.active_missing']);
});
