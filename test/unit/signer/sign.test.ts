import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Cryptoki, Handle } from '../../../src/signer/cryptoki.ts';
import { Epoch } from '../../../src/signer/epoch.ts';
import { type Hsm, Session, SessionPool } from '../../../src/signer/hsm.ts';
import { LoadedKeys, type ServedKey } from '../../../src/signer/loaded-keys.ts';
import { Pace } from '../../../src/signer/pace.ts';
import { signBatch } from '../../../src/signer/sign.ts';

const SIGNATURE = Buffer.alloc(64, 7);
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A slow token with one session: nothing real can be held in the middle of `C_Sign` and let go again. */
function slowToken() {
  const begun: { key: Handle; finish(signature: Buffer): void }[] = [];
  const cryptoki = {
    openSession: () => Buffer.from([1]),
    signAsync: (_session: Handle, _mechanism: unknown, key: Handle) =>
      new Promise<Buffer>((finish) => begun.push({ key, finish })),
  } as unknown as Cryptoki;
  const epoch = new Epoch(() => {});
  const sessions = new SessionPool([new Session(cryptoki, Buffer.alloc(8))], epoch);
  const pace = new Pace();
  for (let n = 0; n < 8; n++) pace.took('ES256', 5);
  const hsm = { cryptoki, concurrent: sessions, direct: { lend: sessions.lendNext }, pace } as unknown as Hsm;
  const loadedKeys = new LoadedKeys();
  const sign = (...kids: string[]) =>
    signBatch(
      { hsm, loadedKeys, epoch },
      kids.map((kid) => [kid, 'a.b'] as const),
    );
  return { begun, loadedKeys, sign };
}

function key(kid: string, privateKey: number): ServedKey {
  return {
    kid,
    hsmId: kid,
    algorithm: 'ES256',
    privateKey: Buffer.from([privateKey]),
    publicJwk: publicKey.export({ format: 'jwk' }) as ServedKey['publicJwk'],
    publicKey,
    signatureBytes: 64,
    label: '',
    guard: () => undefined,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('signatures that wait for a session of a slow token', () => {
  it('are not made once their key is out of service', async () => {
    const { begun, loadedKeys, sign } = slowToken();
    loadedKeys.replace([key('one', 1), key('other', 2)]);
    const signed = sign('one', 'one', 'other');
    await turn();
    loadedKeys.remove('one');
    begun[0]?.finish(SIGNATURE);
    await turn();
    begun[1]?.finish(SIGNATURE);
    expect(await signed).toEqual([SIGNATURE, expect.objectContaining({ code: 'key_unproven' }), SIGNATURE]);
    expect(begun.map((call) => call.key[0])).toEqual([1, 2]);
  });

  it('are made with the handle that their key has by then', async () => {
    const { begun, loadedKeys, sign } = slowToken();
    loadedKeys.replace([key('one', 1)]);
    const signed = sign('one', 'one');
    await turn();
    loadedKeys.replace([key('one', 3)]);
    begun[0]?.finish(SIGNATURE);
    await turn();
    begun[1]?.finish(SIGNATURE);
    await signed;
    expect(begun.map((call) => call.key[0])).toEqual([1, 3]);
  });
});

it('whoever destroys a key waits for the signature that is being made with it, and for no other', async () => {
  const { begun, loadedKeys, sign } = slowToken();
  loadedKeys.replace([key('one', 1), key('other', 2)]);
  const signed = sign('one');
  await turn();
  loadedKeys.remove('one');
  let isOver = false;
  const waited = loadedKeys.whenIdle('one').then(() => {
    isOver = true;
  });
  await loadedKeys.whenIdle('other');
  await turn();
  expect(isOver).toBe(false);
  begun[0]?.finish(SIGNATURE);
  await Promise.all([waited, signed]);
  expect(isOver).toBe(true);
});
