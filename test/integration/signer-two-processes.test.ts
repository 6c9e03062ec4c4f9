import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { composeCheckpoint } from '../../src/token/checkpoint.ts';
import {
  composePublishedKey,
  composePublishedPolicy,
  KEY_SET_TYP,
} from '../../src/token/published-key-set.ts';
import { composeHeadStatement } from '../../src/token/registry-statement.ts';
import { CHECKPOINT } from '../support/checkpoint-samples.ts';
import {
  bindingOf,
  compact,
  makeAuditKey,
  makeRegistryKey,
  NOW,
  newHsmId,
  PAYMENTS,
  provision,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';

let hsm: SoftHsm;
let settings: SignerSettings;
let registryKid: string;
let auditKid: string;
/** Has the lock. */
let first: SignerProcess;
let second: SignerProcess;

beforeAll(async () => {
  hsm = await createSoftHsm();
  registryKid = (await makeRegistryKey(hsm.environment, hsm.settings)).kid;
  auditKid = (await makeAuditKey(hsm.environment, hsm.settings)).kid;
  settings = { ...hsm.settings, registryKid, auditKid };
});

afterAll(() => hsm.remove());

beforeEach(startAnew);

afterEach(stop);

async function startAnew(): Promise<void> {
  rmSync(settings.stateDir, { recursive: true });
  [first, second] = [await opened(), await opened()];
  await generate(first);
}

async function stop(): Promise<void> {
  await Promise.all([first.stop(), second.stop()]);
}

async function opened(): Promise<SignerProcess> {
  const signer = startSigner(hsm.environment, settings);
  await signer.open();
  return signer;
}

type Input = readonly [kid: string, signingInput: string, bindingRecords?: readonly string[]];

async function sign(signer: SignerProcess, input: Input) {
  const [outcome] = await signer.ask('sign', [input]);
  return outcome;
}

const generate = (signer: SignerProcess, hsmId = newHsmId()) =>
  signer.ask('generate', { hsmId, label: scopeLabel(PAYMENTS), algorithm: 'ES256', modulusBits: null });

function isAwaited(): boolean {
  const [folder = ''] = readdirSync(settings.stateDir);
  const { ino } = statSync(join(settings.stateDir, folder, 'lock'));
  const waits = new RegExp(`-> FLOCK .*:${ino} `);
  return waits.test(readFileSync('/proc/locks', 'utf8'));
}

/** The second process is asked and waits for the lock; the first does its work, answers and is killed. */
async function overtaken<T>(ask: () => Promise<T>, work: () => Promise<unknown>): Promise<T> {
  const asked = ask();
  // It may be refused before anybody waits for it; whoever called is told.
  asked.catch(() => {});
  await expect.poll(isAwaited, { interval: 5 }).toBe(true);
  await work();
  const exited = once(first.child, 'exit');
  first.child.kill('SIGKILL');
  await exited;
  return asked;
}

const head = (version: number, bucket = 'A'.repeat(43)): Input => [
  registryKid,
  composeHeadStatement({ version, previous: version - 1, buckets: [bucket] }, registryKid),
];
const checkpoint = (time: number): Input => [auditKid, composeCheckpoint({ ...CHECKPOINT, time }, auditKid)];

async function bindingRecords(): Promise<Input[]> {
  const hsmId = newHsmId();
  const { kid } = await generate(first, hsmId);
  const binding = { ...bindingOf(PAYMENTS, { kid, hsmId, algorithm: 'ES256' }), signFrom: NOW };
  return [300, 301].map((maxTtlSeconds) => [
    registryKid,
    composeBindingRecord({ ...binding, maxTtlSeconds }, registryKid, NOW),
  ]);
}

async function keySets(...versions: readonly number[]): Promise<Input[]> {
  const { kid, publicJwk, binding, bindingRecord } = await provision(first, registryKid, PAYMENTS);
  const { signFrom, signUntil, maxTtlSeconds, algorithm } = binding;
  const bounds = { publishedAt: signFrom, signFrom, signUntil, verifyUntil: signUntil + maxTtlSeconds };
  const whole = {
    iss: PAYMENTS.issuer,
    sub: PAYMENTS.id,
    iat: NOW,
    exp: NOW + DEFAULT_POLICY.jwksMaxAgeSeconds + DEFAULT_POLICY.maxStaleSeconds,
    keys: [composePublishedKey({ kid, publicJwk, algorithm, ...bounds })],
    kw_policy: composePublishedPolicy(DEFAULT_POLICY),
  };
  const signer = { kid: registryKid, algorithm: 'ES256' } as const;
  return versions.map((version) => [
    registryKid,
    signingInputOf(signer, { ...whole, version }, { typ: KEY_SET_TYP }),
    [bindingRecord],
  ]);
}

it.each<[what: string, compose: () => Input[] | Promise<Input[]>, refusal: string]>([
  [
    'heads of one version',
    () => [head(1), head(1, `${'A'.repeat(42)}E`)],
    'its version does not follow that of the last head of the registry',
  ],
  [
    'checkpoints of one number',
    () => [checkpoint(NOW), checkpoint(NOW - 1)],
    'its number does not follow that of the last checkpoint',
  ],
  ['binding records of one key', bindingRecords, 'the key is bound already, by another record'],
  [
    'key sets out of order',
    () => keySets(2, 1),
    'the version of the key set is older than the last one signed',
  ],
])('two processes sign no two %s', async (_, compose, refusal) => {
  const [one, other] = await compose();
  if (!one || !other) throw new Error('two are needed');
  const outcome = await overtaken(
    () => sign(second, other),
    async () => expect(await sign(first, one)).toBeInstanceOf(Uint8Array),
  );
  expect(outcome).toEqual({ code: 'binding_refused', message: refusal });
  expect(await sign(second, one)).toBeInstanceOf(Uint8Array);
});

it('two processes learn no older head over a newer one', async () => {
  const heads: string[] = [];
  for (const [kid, input] of [head(1), head(2)]) heads.push(compact(input, await sign(first, [kid, input])));
  const [older = '', newer = ''] = heads;
  await stop();
  await startAnew();
  const show = (signer: SignerProcess, shown: string) =>
    signer.ask('sealed', { checkpoint: null, head: shown });
  const told = await overtaken(
    () => show(second, older),
    () => show(first, newer),
  );
  expect(told).toEqual({ checkpoint: null, head: newer });
});

it('two processes make no two keys of one id', async () => {
  const hsmId = newHsmId();
  const made = overtaken(
    () => generate(second, hsmId),
    () => generate(first, hsmId),
  );
  await expect(made).rejects.toMatchObject({ failure: { code: 'hsm_refused' } });
  expect((await generate(second)).kid).toHaveLength(43);
});
