import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PinTerms } from '../../src/kernel/signer.ts';
import type { Failure } from '../../src/signer/protocol.ts';
import { createShimmedHsm, type ShimmedHsm } from '../support/shimmed-hsm.ts';
import { startSigner } from '../support/signer-process.ts';

const STARTS = 5;
/** Where the same path is walked with another cause. */
const FEW = 3;
const SLOW = { timeout: 120_000 };

let hsm: ShimmedHsm;
let wrongPin: string;
let logins: number;

beforeAll(async () => {
  hsm = await createShimmedHsm();
  wrongPin = join(hsm.softHsm.folder, 'wrong-pin');
  writeFileSync(wrongPin, 'not-the-pin\n', { mode: 0o600 });
});

afterAll(() => hsm.remove());

beforeEach(() => {
  hsm.forgetPinAttempts();
  logins = hsm.shim.calls('C_Login');
});

afterEach(() => hsm.shim.control([]));

const attempts = () => hsm.shim.calls('C_Login') - logins;

/** The failure of opening the token in a process of its own; null where it opened. */
async function open(pinFile = hsm.settings.pinFile): Promise<Failure | null> {
  const signer = startSigner(hsm.environment, { ...hsm.settings, pinFile });
  const failure = await signer.open().then(
    () => null,
    (error: { failure: Failure }) => error.failure,
  );
  await signer.stop();
  return failure;
}

/**
 * Starts a process that will never finish its login, and kills it once it hangs there: a kill while SoftHSM
 * writes its token's file would lose the token.
 */
async function killDuringLogin(pinFile = hsm.settings.pinFile): Promise<void> {
  const before = hsm.shim.calls('hang');
  const signer = startSigner(hsm.environment, { ...hsm.settings, pinFile });
  const opening = signer.failing('open', signer.opening);
  await expect.poll(() => hsm.shim.calls('hang'), { timeout: 10_000 }).toBe(before + 1);
  const exited = once(signer.child, 'exit');
  signer.child.kill('SIGKILL');
  await exited;
  expect(await opening).toBeNull();
}

async function openTimes(times: number, pinFile?: string): Promise<(string | undefined)[]> {
  const codes: (string | undefined)[] = [];
  for (let start = 0; start < times; start++) codes.push((await open(pinFile))?.code);
  return codes;
}

const latched = (times: number) => Array.from({ length: times }, () => 'pin_latched');

describe('I9: a PIN that the token rejects is tried once, however often the signer starts', SLOW, () => {
  it('when it is truly wrong', async () => {
    expect(await open(wrongPin)).toMatchObject({ code: 'pin_latched', ckr: 0xa0, remedy: 'stop' });
    expect(await openTimes(STARTS - 1, wrongPin)).toEqual(latched(STARTS - 1));
    expect(attempts()).toBe(1);
  });

  it('not while another process is at its attempt', async () => {
    const holder = spawn('flock', [`${hsm.settings.latchFile}.lock`, 'sh', '-c', 'echo held; read _']);
    await once(holder.stdout, 'data');
    expect(await open(wrongPin)).toMatchObject({ code: 'hsm_unavailable', remedy: 'replace' });
    expect(attempts()).toBe(0);
    const exited = once(holder, 'exit');
    holder.stdin.end();
    await exited;
    expect(await open(wrongPin)).toMatchObject({ code: 'pin_latched', ckr: 0xa0 });
    expect(attempts()).toBe(1);
  });

  it('when several processes start at once', async () => {
    hsm.shim.control(['C_Login delay 300 before']);
    const failures = await Promise.all([open(wrongPin), open(wrongPin), open(wrongPin)]);
    expect(failures.map((failure) => failure?.code)).toEqual(latched(3));
    expect(attempts()).toBe(1);
  });

  it.each([
    ['PIN_INCORRECT', 0xa0, STARTS],
    ['PIN_EXPIRED', 0xa3, FEW],
    ['PIN_LOCKED', 0xa4, FEW],
  ])('when the module says %s', async (_, ckr, starts) => {
    hsm.shim.control([`C_Login return ${ckr}`]);
    expect(await open()).toMatchObject({ code: 'pin_latched', ckr, remedy: 'stop' });
    expect(await openTimes(starts - 1)).toEqual(latched(starts - 1));
    expect(attempts()).toBe(1);
  });

  it('when a file that was right before has been changed', async () => {
    const pinFile = join(hsm.softHsm.folder, 'changing-pin');
    writeFileSync(pinFile, readFileSync(hsm.settings.pinFile), { mode: 0o600 });
    expect(await open(pinFile)).toBeNull();
    writeFileSync(pinFile, 'not-the-pin\n');
    expect(await openTimes(FEW, pinFile)).toEqual(latched(FEW));
    expect(attempts()).toBe(2);
  });

  it.each([
    ['before it reaches the token', 'hang before'],
    ['after the token has answered', 'hang after'],
  ])('when the process is killed %s', async (_, rule) => {
    hsm.shim.control([`C_Login ${rule} at 1`]);
    await killDuringLogin(wrongPin);
    expect(await openTimes(STARTS - 1, wrongPin)).toEqual(latched(STARTS - 1));
    expect(attempts()).toBe(1);
  });

  it('when the module kills the process', async () => {
    hsm.shim.control(['C_Login kill after at 1']);
    expect(await openTimes(FEW, wrongPin)).toEqual([undefined, ...latched(FEW - 1)]);
    expect(attempts()).toBe(1);
  });

  it('by the link too, which then refuses every call', async () => {
    for (let start = 0; start < FEW; start++) {
      const { link, events } = hsm.createLink({ pinFile: wrongPin });
      await link.start();
      expect(link.state()).toBe('latched');
      expect(events.filter(({ type }) => type === 'latched')).toHaveLength(1);
      await expect(link.sign({ kid: 'any', signingInput: 'any' })).rejects.toMatchObject({
        code: 'pin_latched',
      });
      await link.stop();
    }
    expect(attempts()).toBe(1);
  });
});

describe('a PIN that is right', () => {
  it('is tried at every start', async () => {
    expect([await open(), await open(), await open()]).toEqual([null, null, null]);
    expect(attempts()).toBe(3);
  });

  it('is tried once more after a kill, since that very file was right before', async () => {
    expect(await open()).toBeNull();
    hsm.shim.control(['C_Login hang after at 1']);
    await killDuringLogin();
    expect([await open(), await open()]).toEqual([null, null]);
    expect(attempts()).toBe(4);
  });

  it('is not tried a third time when both answers were lost', async () => {
    expect(await open()).toBeNull();
    hsm.shim.control(['C_Login hang after at 1 for 2']);
    await killDuringLogin();
    await killDuringLogin();
    expect(await openTimes(FEW)).toEqual(latched(FEW));
    expect(attempts()).toBe(3);
  });

  it('is tried again where the token cannot have seen it', async () => {
    hsm.shim.control(['C_Login return 0xe0 at 1 for 3']);
    expect(await openTimes(4)).toEqual([...Array(3).fill('hsm_unavailable'), undefined]);
    expect(attempts()).toBe(4);
  });

  it('is not tried again after an error that says nothing of it, unless it was right before', async () => {
    hsm.shim.control(['C_Login return 0x30 at 1']);
    expect(await openTimes(FEW)).toEqual(['hsm_unavailable', ...latched(FEW - 1)]);
    expect(attempts()).toBe(1);
    hsm.forgetPinAttempts();
    expect(await open()).toBeNull();
    hsm.shim.control(['C_Login return 0x30 at 1']);
    expect(await openTimes(2)).toEqual(['hsm_unavailable', undefined]);
  });

  it('serves again once an operator has removed the latch', async () => {
    expect(await open(wrongPin)).toMatchObject({ code: 'pin_latched' });
    expect(await open()).toMatchObject({ code: 'pin_latched' });
    rmSync(hsm.settings.latchFile);
    expect(await open()).toBeNull();
  });
});

describe('a signer that is asked of its PIN', () => {
  const TERMS = { permit: { id: 'first', after: 7 }, onlyAccepted: false };

  /** What it says before and after it was opened on these terms, and its failure. */
  async function openedOn(pin: PinTerms, pinFile = hsm.settings.pinFile) {
    const signer = startSigner(hsm.environment, { ...hsm.settings, pinFile });
    const before = await signer.ask('pin', null);
    const failure = await signer.ask('open', { ...signer.opening, pin }).then(
      () => null,
      (error: { failure: Failure }) => error.failure,
    );
    const after = await signer.ask('pin', null);
    await signer.stop();
    return { before, failure, after };
  }

  it('says whether the file that is there was ever accepted, and on what permit', async () => {
    const { before, after } = await openedOn(TERMS);
    expect(before).toEqual({ state: 'clear', attempts: 0, isAccepted: false, permit: null });
    expect(after).toEqual({ state: 'clear', attempts: 0, isAccepted: true, permit: TERMS.permit });
    const other = await openedOn(TERMS, wrongPin);
    expect(other.before.isAccepted).toBe(false);
    expect(other.failure).toMatchObject({ code: 'pin_latched', ckr: 0xa0 });
    expect(other.after).toEqual({ state: 'rejected', attempts: 0, isAccepted: false, permit: TERMS.permit });
    expect(attempts()).toBe(2);
  });

  it('tries none on terms that only an accepted one is tried on', async () => {
    const careful = { ...TERMS, onlyAccepted: true };
    expect((await openedOn(careful)).failure).toMatchObject({ code: 'pin_latched' });
    expect(attempts()).toBe(0);
    expect((await openedOn(TERMS)).failure).toBeNull();
    expect((await openedOn(careful)).failure).toBeNull();
    expect((await openedOn(careful, wrongPin)).failure).toMatchObject({ code: 'pin_latched' });
    expect(attempts()).toBe(2);
  });

  it('says that it was not tried where the token cannot have seen it', async () => {
    hsm.shim.control(['C_Login return 0xe0 at 1']);
    const { failure, after } = await openedOn(TERMS);
    expect(failure).toMatchObject({ code: 'hsm_unavailable' });
    expect(after).toEqual({ state: 'clear', attempts: 0, isAccepted: false, permit: null });
  });

  it.each([
    ['no permit', { onlyAccepted: true }],
    ['a number that is none', { ...TERMS, permit: { id: 'x', after: -1 } }],
    ['no word on what may be tried', { permit: TERMS.permit }],
  ])('takes no terms with %s', async (_, pin) => {
    const { failure } = await openedOn(pin as unknown as PinTerms);
    expect(failure).toMatchObject({ code: 'invalid_request' });
    expect(attempts()).toBe(0);
  });
});

describe('a token that warns', () => {
  it.each([
    ['of its final try', pkcs11js.CKF_USER_PIN_FINAL_TRY],
    ['that the PIN is locked', pkcs11js.CKF_USER_PIN_LOCKED],
  ])('%s gets no attempt at all', async (_, flag) => {
    hsm.shim.control([`C_GetTokenInfo flags ${flag}`]);
    expect(await openTimes(FEW)).toEqual(latched(FEW));
    expect(attempts()).toBe(0);
    hsm.shim.control([]);
    expect(await open()).toBeNull();
  });

  it('that a PIN was wrong lately gets its one attempt', async () => {
    hsm.shim.control([`C_GetTokenInfo flags ${pkcs11js.CKF_USER_PIN_COUNT_LOW}`]);
    expect(await open()).toBeNull();
    expect(attempts()).toBe(1);
  });
});
