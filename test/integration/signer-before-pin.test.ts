import { chmodSync, mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignerEvent, SignerLink } from '../../src/signer/signer-link.ts';
import { type BoundKey, createShimmedHsm, type ShimmedHsm } from '../support/shimmed-hsm.ts';

const RECOVERY = { timeout: 60_000, interval: 50 };
const SLOW = { timeout: 120_000 };

let hsm: ShimmedHsm;
let key: BoundKey;
let link: SignerLink;
let events: readonly SignerEvent[];
let logins: number;

beforeAll(async () => {
  hsm = await createShimmedHsm();
  const [made] = await hsm.makeKeys('ES256');
  if (!made) throw new Error('no key');
  key = made;
});

afterAll(() => hsm.remove());

beforeEach(() => {
  hsm.forgetPinAttempts();
  logins = hsm.shim.calls('C_Login');
  const made = hsm.createLink();
  [link, events] = [made.link, made.events];
});

afterEach(async () => {
  hsm.shim.control([]);
  await link.stop();
});

const sign = () => link.sign({ kid: key.reference.kid, signingInput: key.signingInput() });
const why = () => events.flatMap((event) => (event.type === 'away' ? [event.why] : []));
const pinFile = () => hsm.settings.pinFile;
const rule = (line: string) => ({
  spoil: () => hsm.shim.control([line]),
  mend: () => hsm.shim.control([]),
});

const CASES: readonly (readonly [what: string, says: RegExp, fault: { spoil(): void; mend(): void }])[] = [
  [
    'the PIN file is away',
    /^the PIN file .* cannot be opened: ENOENT/,
    {
      spoil: () => renameSync(pinFile(), `${pinFile()}.away`),
      mend: () => renameSync(`${pinFile()}.away`, pinFile()),
    },
  ],
  [
    'the PIN file is empty',
    /^the PIN file .* must hold 1 to 256 bytes/,
    {
      spoil: () => {
        renameSync(pinFile(), `${pinFile()}.away`);
        writeFileSync(pinFile(), '', { mode: 0o600 });
      },
      mend: () => renameSync(`${pinFile()}.away`, pinFile()),
    },
  ],
  [
    'the PIN file is open to others',
    /^the PIN file .* is open to /,
    { spoil: () => chmodSync(pinFile(), 0o644), mend: () => chmodSync(pinFile(), 0o600) },
  ],
  [
    'the latch cannot be read',
    /pin-latch.json cannot be read, so no PIN is tried: EISDIR/,
    {
      spoil: () => mkdirSync(hsm.settings.latchFile),
      mend: () => rmdirSync(hsm.settings.latchFile),
    },
  ],
  ['the module cannot lock', /: C_Initialize: CKR_CANT_LOCK \(0xa\)$/, rule('C_Initialize return 0xa')],
  [
    'the token is write-protected',
    /: C_OpenSession: CKR_TOKEN_WRITE_PROTECTED \(0xe2\)$/,
    rule('C_OpenSession return 0xe2'),
  ],
  ['the token has too few sessions', /allows fewer than two sessions$/, rule('C_GetTokenInfo sessions 1')],
];

describe('what fails before a PIN is tried passes by itself', SLOW, () => {
  it.each(CASES)('%s', async (_, says, { spoil, mend }) => {
    spoil();
    try {
      await link.start();
      expect(link.state()).toBe('away');
      await expect(sign()).rejects.toMatchObject({ code: 'hsm_unavailable', retryAfterSeconds: 1 });
      await expect(link.describe()).rejects.toMatchObject({ code: 'hsm_unavailable' });
      expect(why()[0]).toMatch(says);
      expect(hsm.shim.calls('C_Login')).toBe(logins);
    } finally {
      mend();
    }
    await expect.poll(() => link.state(), RECOVERY).toBe('ready');
    expect(events.filter(({ type }) => type === 'latched')).toEqual([]);
    expect(await link.serve([key.reference])).toMatchObject([{ proven: true }]);
    expect(await sign()).toHaveLength(64);
    expect(hsm.shim.calls('C_Login')).toBe(logins + 1);
  });

  it('while a signer is replaced, too', async () => {
    await link.start();
    await link.serve([key.reference]);
    renameSync(pinFile(), `${pinFile()}.away`);
    try {
      const ready = events.find((event) => event.type === 'ready');
      process.kill(ready?.pid ?? 0, 'SIGKILL');
      await expect.poll(() => link.state(), RECOVERY).toBe('away');
      await expect(sign()).rejects.toMatchObject({ code: 'hsm_unavailable', retryAfterSeconds: 1 });
    } finally {
      renameSync(`${pinFile()}.away`, pinFile());
    }
    await expect.poll(() => link.state(), RECOVERY).toBe('ready');
    expect(await sign()).toHaveLength(64);
  });
});

describe('what concerns a PIN that was tried waits for people', SLOW, () => {
  it.each([
    ['it is rejected', 'C_Login return 0xa0', /C_Login: CKR_PIN_INCORRECT \(0xa0\)$/],
    ['the function is rejected', 'C_Login return 0x200', /C_Login: CKR_FUNCTION_REJECTED \(0x200\)$/],
  ])('%s', async (_, line, says) => {
    hsm.shim.control([line]);
    await link.start();
    expect(link.state()).toBe('latched');
    expect(events).toContainEqual({ type: 'latched', why: expect.stringMatching(says) });
    await expect(sign()).rejects.toMatchObject({ code: 'pin_latched' });
    hsm.shim.control([]);
    await link.start();
    expect(link.state()).toBe('latched');
    expect(hsm.shim.calls('C_Login')).toBe(logins + 1);
    rmSync(hsm.settings.latchFile);
  });
});
