import { expect, it } from 'vitest';
import type { KeyUse, KeyUseQuestion } from '../../../src/kernel/issuance.ts';
import { NO_TIMES } from '../../../src/kernel/key.ts';
import { createCompromiseReports } from '../../../src/keys/compromise-extent.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const scope = aScope({ id: 'payments' });
const mail = aScope({ id: 'mail' });
const times = { ...NO_TIMES, compromised: NOW };
const stolen = aSigningKey(scope, softwareKey('ES256'), {
  state: 'compromised',
  signFrom: NOW - 500,
  signUntil: NOW + 500,
  times,
});
const other = aSigningKey(mail, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 9 });
const gone = aSigningKey(mail, softwareKey('ES256'), {
  state: 'deactivated',
  signFrom: 1,
  signUntil: NOW - 9,
  times: { ...NO_TIMES, privateKeyDestroyed: NOW - 1 },
});
const USE: KeyUse = {
  liveTokens: 3,
  clients: { listed: [{ name: 'login', tokens: 3 }], more: 0 },
  subjects: { listed: [], more: 0 },
  firstIssuedAt: NOW - 100,
  lastIssuedAt: NOW,
  complete: true,
};

function reports(use: (question: KeyUseQuestion) => Promise<KeyUse>) {
  const keyRing = createKeyRing();
  keyRing.put({ scopes: [scope], keys: [stolen] });
  keyRing.put({ scopes: [mail], keys: [other, gone] });
  const failures: unknown[] = [];
  const asked: unknown[] = [];
  const made = createCompromiseReports({
    keyRing,
    keyUse: { use },
    verifiers: {
      obedience: (scopeId, version) => {
        asked.push([scopeId, version]);
        return [{ scopeId, clientId: 'api', instance: 'a', connected: true, tookMs: 12 }];
      },
    },
    onFailure: (error) => failures.push(error),
  });
  return { ...made, keyRing, failures, asked };
}

it('counts what was alive at the compromise, once, and names the keys beside it', async () => {
  const questions: KeyUseQuestion[] = [];
  const { report } = reports(async (question) => {
    questions.push(question);
    return USE;
  });
  const first = await report(stolen.kid, 1_000);
  expect(first).toMatchObject({ key: stolen, use: USE, neighbours: [other], verifiers: [{ tookMs: 12 }] });
  expect((await report(stolen.kid, 1_000)).use).toBe(USE);
  expect(questions).toEqual([{ kid: stolen.kid, at: NOW, since: NOW - 500, longestTtlSeconds: 3_600 }]);
});

it('asks who holds the key set of then, whatever has changed since', async () => {
  const { report, keyRing, asked } = reports(async () => USE);
  await report(stolen.kid, 0);
  putKeys(keyRing, 'payments', []);
  expect((await report(stolen.kid, 0)).keySetVersion).toBe(1);
  expect(asked).toEqual([
    ['payments', 1],
    ['payments', 1],
  ]);
});

it('does not wait for a count that takes its time, and has it the next time', async () => {
  const { promise, resolve } = Promise.withResolvers<KeyUse>();
  const { report } = reports(() => promise);
  expect((await report(stolen.kid, 0)).use).toBeNull();
  resolve(USE);
  expect((await report(stolen.kid, 1_000)).use).toBe(USE);
});

it('goes without a count that failed, and counts anew the next time', async () => {
  const outcomes = [Promise.reject(new Error('away')), Promise.resolve(USE)];
  const { report, failures } = reports(() => outcomes.shift() ?? Promise.resolve(USE));
  expect((await report(stolen.kid, 1_000)).use).toBeNull();
  expect(failures).toHaveLength(1);
  expect((await report(stolen.kid, 1_000)).use).toBe(USE);
});

it('is of compromised keys alone', async () => {
  const { report } = reports(async () => USE);
  await expect(report(other.kid, 0)).rejects.toMatchObject({ code: 'transition_forbidden' });
  await expect(report('nobody', 0)).rejects.toMatchObject({ code: 'unknown_key' });
});
