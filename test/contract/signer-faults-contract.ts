import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KeywardError } from '../../src/kernel/errors.ts';
import type { SignerEvent, SignerLink } from '../../src/signer/signer-link.ts';
import { openWorkbench } from '../support/hsm-workbench.ts';
import { type BoundKey, createShimmedHsm, type ShimmedHsm, specification } from '../support/shimmed-hsm.ts';

/** What the link makes of a module that fails, hangs or kills its process, wherever the process was started. */
export function signerFaultsContract(name: string, { isRemote }: { readonly isRemote: boolean }): void {
  describe(name, () => {
    /** A busy machine may shed load. */
    const LEGAL: ReadonlySet<string> = new Set(['right', 'hsm_unavailable', 'overloaded']);
    const PRIVATE_KEY = 3;
    /** Long enough for a replacement on a busy machine; a test that waits for one polls until then. */
    const RECOVERY = { timeout: 60_000, interval: 20 };

    let hsm: ShimmedHsm;
    let ec: BoundKey;
    let rsa: BoundKey;
    let link: SignerLink | undefined;
    let events: readonly SignerEvent[];

    beforeAll(async () => {
      hsm = await createShimmedHsm({ isRemote });
      const [first, second] = await hsm.makeKeys('ES256', 'RS256');
      if (!first || !second) throw new Error('no keys');
      [ec, rsa] = [first, second];
    });

    afterAll(() => hsm.remove());

    afterEach(async () => {
      hsm.shim.control([]);
      await link?.stop();
      link = undefined;
    });

    async function startLink(): Promise<SignerLink> {
      const made = hsm.createLink();
      [link, events] = [made.link, made.events];
      await link.start();
      const proofs = await link.serve([ec.reference, rsa.reference]);
      expect(proofs).toMatchObject([{ proven: true }, { proven: true }]);
      return link;
    }

    type Outcome = 'right' | 'wrong' | string;

    /** `right` and `wrong` are signatures; anything else is the code of the refusal. */
    async function signOnce(serving: SignerLink, key: BoundKey): Promise<Outcome> {
      const signingInput = key.signingInput();
      try {
        const signature = await serving.sign({ kid: key.reference.kid, signingInput });
        return (await key.verifies(signingInput, signature)) ? 'right' : 'wrong';
      } catch (error) {
        if (error instanceof KeywardError) return error.code;
        throw error;
      }
    }

    function signAll(serving: SignerLink, count: number): Promise<Outcome[]> {
      return Promise.all(Array.from({ length: count }, (_, at) => signOnce(serving, at % 2 ? rsa : ec)));
    }

    /** What must not happen: a wrong signature, or a refusal that does not ask to try again. */
    function illegal(outcomes: readonly Outcome[]): Outcome[] {
      return outcomes.filter((outcome) => !LEGAL.has(outcome));
    }

    async function recovers(serving: SignerLink): Promise<void> {
      for (const key of [ec, rsa]) await expect.poll(() => signOnce(serving, key), RECOVERY).toBe('right');
    }

    const told = (type: SignerEvent['type']) => events.filter((event) => event.type === type);

    const ANSWERS = [
      ['GENERAL_ERROR', 0x05],
      ['DEVICE_ERROR', 0x30],
      ['OBJECT_HANDLE_INVALID', 0x82],
      ['OPERATION_NOT_INITIALIZED', 0x91],
      ['SESSION_HANDLE_INVALID', 0xb3],
      ['TOKEN_NOT_PRESENT', 0xe0],
      ['USER_NOT_LOGGED_IN', 0x101],
      ['a vendor’s own number', 0x80000001],
    ] as const;

    describe('an error in the middle of signing', () => {
      it.each(ANSWERS)('%s: a right signature or none, and service again', async (_, ckr) => {
        const serving = await startLink();
        for (const at of ['C_SignInit', 'C_Sign']) {
          hsm.shim.control([`${at} return ${ckr} at 5 for 2`]);
          expect(illegal(await signAll(serving, 24))).toEqual([]);
          await recovers(serving);
        }
        expect(told('latched')).toEqual([]);
      });

      it('an error after the signature was made: the call is repeated, in a session of its own', async () => {
        const serving = await startLink();
        hsm.shim.control(['C_Sign return 0x31 after at 3 for 2']);
        expect(illegal(await signAll(serving, 24))).toEqual([]);
        await recovers(serving);
      });

      it('an answer that lasts is an outage, and the end of it the end of the outage', async () => {
        const serving = await startLink();
        hsm.shim.control(['C_SignInit return 0x30']);
        const outcomes = await signAll(serving, 8);
        expect(outcomes.filter((outcome) => outcome !== 'hsm_unavailable')).toEqual([]);
        hsm.shim.control([]);
        await recovers(serving);
        expect(told('latched')).toEqual([]);
      });
    });

    describe('a call that does not come back', () => {
      it.each([
        ['C_Sign hangs', 'C_Sign hang at 3'],
        ['C_SignInit hangs', 'C_SignInit hang at 3'],
        ['C_Sign kills the process', 'C_Sign kill at 3'],
        ['C_Sign aborts the process after it signed', 'C_Sign abort after at 3'],
      ])('%s: the process is replaced and serves again', async (_, rule) => {
        const serving = await startLink();
        hsm.shim.control([rule]);
        expect(illegal(await signAll(serving, 12))).toEqual([]);
        await recovers(serving);
        expect(told('replaced')).toHaveLength(1);
        expect(told('ready')).toHaveLength(2);
      });

      it('an idle process that hangs is found before a caller finds it', async () => {
        await startLink();
        hsm.shim.control(['C_GetSessionInfo hang at 1']);
        await expect.poll(() => told('ready').length, RECOVERY).toBe(2);
      });
    });

    describe('a slow module', () => {
      const PRESSURE = [
        '--expose-gc',
        '--import',
        new URL('../support/memory-pressure.ts', import.meta.url).href,
      ];

      it.each([
        ['RS256', () => rsa],
        ['ES256', () => ec],
      ])('signs what it was given, though memory is collected meanwhile: %s', async (_, keyOf) => {
        const key = keyOf();
        const signer = await hsm.openSigner({}, PRESSURE);
        await signer.ask('serve', [key.reference]);
        hsm.shim.control(['C_Sign delay 50']);
        const inputs = Array.from({ length: 80 }, () => key.signingInput());
        const signatures = await signer.ask(
          'sign',
          inputs.map((input) => [key.reference.kid, input] as const),
        );
        const verified = await Promise.all(
          signatures.map((each, at) => each instanceof Uint8Array && key.verifies(inputs[at] ?? '', each)),
        );
        await signer.stop();
        expect(verified).toEqual(Array(80).fill(true));
      });
    });

    describe('a key pair whose making is cut short', () => {
      const halvesUnder = async (serving: SignerLink, hsmId: string) =>
        (await serving.inventory()).filter((object) => object.hsmId === hsmId).map((object) => object.class);

      it('by a crash: the caller hears that nobody knows, and discard removes what is there', async () => {
        const serving = await startLink();
        const made = specification('ES256');
        const calls = hsm.shim.calls('C_GenerateKeyPair');
        hsm.shim.control(['C_GenerateKeyPair kill at 1 after']);
        await expect(serving.generate(made)).rejects.toMatchObject({
          code: 'hsm_unavailable',
          message: 'the HSM went away; whether the change was made is unknown',
        });
        await recovers(serving);
        expect(hsm.shim.calls('C_GenerateKeyPair') - calls).toBe(1);
        expect((await halvesUnder(serving, made.hsmId)).sort()).toEqual(['private_key', 'public_key']);
        await serving.discard({ hsmId: made.hsmId });
        expect(await halvesUnder(serving, made.hsmId)).toEqual([]);
      });

      it('that left the public half alone: discard removes it, and the others serve', async () => {
        const serving = await startLink();
        const made = specification('ES256');
        hsm.shim.control(['C_GenerateKeyPair kill at 1 after']);
        await expect(serving.generate(made)).rejects.toMatchObject({ code: 'hsm_unavailable' });
        await recovers(serving);
        const workbench = await openWorkbench(hsm.softHsm);
        await workbench.destroy(made.hsmId, PRIVATE_KEY);
        await workbench.stop();
        expect(await halvesUnder(serving, made.hsmId)).toEqual(['public_key']);
        await serving.discard({ hsmId: made.hsmId });
        expect(await halvesUnder(serving, made.hsmId)).toEqual([]);
        await recovers(serving);
      });

      it('by a refusal: nothing is repeated and nothing is left', async () => {
        const serving = await startLink();
        const made = specification('ES256');
        const calls = hsm.shim.calls('C_GenerateKeyPair');
        hsm.shim.control(['C_GenerateKeyPair return 0x30 at 1']);
        await expect(serving.generate(made)).rejects.toMatchObject({ code: 'hsm_unavailable' });
        await recovers(serving);
        expect(hsm.shim.calls('C_GenerateKeyPair') - calls).toBe(1);
        expect(await halvesUnder(serving, made.hsmId)).toEqual([]);
      });

      it('a destruction that fails is not repeated, and can be finished', async () => {
        const serving = await startLink();
        const made = specification('ES256');
        const { kid } = await serving.generate(made);
        const calls = hsm.shim.calls('C_DestroyObject');
        hsm.shim.control(['C_DestroyObject kill at 1 after']);
        await expect(serving.destroy({ hsmId: made.hsmId, kid, bindingRecord: null })).rejects.toMatchObject({
          code: 'hsm_unavailable',
        });
        await recovers(serving);
        expect(hsm.shim.calls('C_DestroyObject') - calls).toBe(1);
        expect(await halvesUnder(serving, made.hsmId)).toEqual(['public_key']);
        await serving.destroy({ hsmId: made.hsmId, kid, bindingRecord: null });
        expect(await halvesUnder(serving, made.hsmId)).toEqual([]);
      });
    });

    describe('a token that is not there when the signer starts', () => {
      it.each([
        ['C_Initialize fails', 'C_Initialize return 0x30'],
        ['no module behind it answers', 'C_GetFunctionList return 0x5'],
        ['the slots cannot be listed', 'C_GetSlotList return 0x30'],
        ['the token is removed', 'C_GetTokenInfo return 0xe0'],
        ['no session can be had', 'C_OpenSession return 0xe0'],
      ])('%s: an outage that ends by itself, without a PIN spent on it', async (_, rule) => {
        hsm.shim.control([rule]);
        const logins = hsm.shim.calls('C_Login');
        const made = hsm.createLink();
        [link, events] = [made.link, made.events];
        await link.start();
        expect(link.state()).toBe('away');
        expect(await signOnce(link, ec)).toBe('hsm_unavailable');
        expect(hsm.shim.calls('C_Login')).toBe(logins);
        hsm.shim.control([]);
        await expect.poll(() => made.link.state(), RECOVERY).toBe('ready');
        await link.serve([ec.reference, rsa.reference]);
        await recovers(link);
      });

      it('a search that fails while keys are taken into service ends that process, and the next one serves them', async () => {
        const serving = await startLink();
        hsm.shim.control(['C_FindObjects return 0x30 at 1']);
        await expect(serving.serve([ec.reference, rsa.reference])).rejects.toMatchObject({
          code: 'hsm_unavailable',
        });
        await recovers(serving);
      });
    });
  });
}
