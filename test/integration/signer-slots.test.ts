import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../src/signer/protocol.ts';
import { createShimmedHsm, type ShimmedHsm } from '../support/shimmed-hsm.ts';
import { startSigner } from '../support/signer-process.ts';

let hsm: ShimmedHsm;

beforeAll(async () => {
  hsm = await createShimmedHsm();
});

afterAll(() => hsm.remove());

afterEach(() => hsm.shim.control([]));

/** The failure of opening the token in a process of its own; null where it opened. */
async function open(): Promise<Failure | null> {
  const signer = startSigner(hsm.environment, hsm.settings);
  const failure = await signer.open().then(
    () => null,
    (error: { failure: Failure }) => error.failure,
  );
  await signer.stop();
  return failure;
}

/** SoftHSM shows the token's slot and one without a token, in an order of its own. */
async function openWithEachSlotRefused(rule: string): Promise<(Failure | null)[]> {
  const failures: (Failure | null)[] = [];
  for (const at of [1, 2]) {
    hsm.shim.control([`${rule} at ${at}`]);
    failures.push(await open());
  }
  return failures;
}

describe('a slot that cannot be described', () => {
  it.each([
    ['C_GetTokenInfo', 'CKR_TOKEN_NOT_PRESENT', 0xe0],
    ['C_GetTokenInfo', 'CKR_TOKEN_NOT_RECOGNIZED', 0xe1],
    ['C_GetTokenInfo', 'CKR_DEVICE_ERROR', 0x30],
    ['C_GetTokenInfo', 'CKR_VENDOR_DEFINED', 0x80000001],
    ['C_GetSlotInfo', 'CKR_SLOT_ID_INVALID', 0x03],
  ])('by %s (%s) hides no other, and is named where none matches', async (call, name, ckr) => {
    const failures = await openWithEachSlotRefused(`${call} return ${ckr}`);
    expect(failures).toContain(null);
    const number = `0x${ckr.toString(16)}`;
    expect(failures.find((failure) => failure !== null)).toMatchObject({
      code: 'hsm_unavailable',
      message: expect.stringMatching(
        new RegExp(
          `^the HSM token is not present: its module shows no token; slot \\d+ answers ${call}: ${name} \\(${number}\\)$`,
        ),
      ),
    });
  });

  it('is said of each where all are like that', async () => {
    hsm.shim.control(['C_GetTokenInfo return 0xe1']);
    expect((await open())?.message.match(/CKR_TOKEN_NOT_RECOGNIZED/g)).toHaveLength(2);
  });

  it('is no reason where the list itself is refused', async () => {
    hsm.shim.control(['C_GetSlotList return 0x5']);
    expect(await open()).toMatchObject({
      code: 'hsm_unavailable',
      detail: 'C_GetSlotList: CKR_GENERAL_ERROR (0x5)',
    });
  });
});
