import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench } from '../support/hsm-workbench.ts';
import { startSigner } from '../support/signer-process.ts';
import { createSoftHsm, makeToken, SOFTHSM_MODULE, type SoftHsm } from '../support/softhsm.ts';

let hsm: SoftHsm;

beforeAll(async () => {
  hsm = await createSoftHsm('first token');
});

afterAll(() => hsm.remove());

const make = (label: string, pin = hsm.pin) =>
  makeToken(hsm.environment, { modulePath: SOFTHSM_MODULE, label, pin });

describe('making a token', () => {
  it('gives one that opens by its label, its serial and its PIN', async () => {
    const workbench = await openWorkbench(hsm);
    await workbench.stop();
  });

  it('adds a second one, and the signer tells them apart by serial too', async () => {
    const serial = await make('second token');
    const settings = { ...hsm.settings, tokenLabel: 'second token', tokenSerial: serial };
    const signer = startSigner(hsm.environment, settings);
    expect(await signer.open()).toMatchObject({ label: 'second token', serial });
    await signer.stop();
  });

  it.each([
    ['label', { tokenLabel: 'third token' }],
    ['serial', { tokenSerial: 'ffffffffffffffff' }],
  ])('leaves a token of another %s absent, which is an outage and tries no PIN', async (_, other) => {
    const signer = startSigner(hsm.environment, { ...hsm.settings, ...other });
    expect(await signer.failing('open', signer.opening)).toEqual({
      code: 'hsm_unavailable',
      message: expect.stringMatching(/^the HSM token is not present: its module shows /),
      remedy: 'replace',
    });
    await signer.stop();
  });

  it('refuses a label that exists, and one that does not fit', async () => {
    await expect(make('first token')).rejects.toThrow('a token named first token exists already');
    await expect(make('x'.repeat(33))).rejects.toThrow('a label has 1 to 32 printable ASCII characters');
  });

  it.each([3, 256])(
    'refuses a PIN of %d bytes, which the token does not take, before it is made',
    async (bytes) => {
      await expect(make('of that PIN', 'p'.repeat(bytes))).rejects.toThrow(
        `the token takes PINs of 4 to 255 bytes, and this one has ${bytes}`,
      );
      expect(await make(`after ${bytes} bytes`, 'p'.repeat(255))).toMatch(/^[0-9a-f]{16}$/);
    },
  );
});
