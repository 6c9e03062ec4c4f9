import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Algorithm } from '../../src/kernel/algorithm.ts';
import type { Binding } from '../../src/kernel/key.ts';
import { areAsRequired } from '../../src/kernel/key-proof.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { GeneratedKey, KeyReference, TokenSigner } from '../../src/kernel/signer.ts';
import { REGISTRY_LABEL } from '../../src/signer/protocol.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { bindingDigest, composeKeyProof, readKeyProof } from '../../src/token/key-proof.ts';
import { importPublicKey, thumbprint } from '../../src/token/public-jwk.ts';
import { verifySignature } from '../../src/token/signature.ts';
import {
  bindingOf,
  claimsOf,
  MAIL,
  NOW,
  newHsmId,
  PAYMENTS,
  signingInputOf,
} from '../support/provisioned-token.ts';

/** A signer on a token of its own, which holds a registry key and nothing else. */
export interface SignerBackend {
  readonly signer: TokenSigner;
  readonly registryKid: string;
  close(): Promise<void>;
}

interface BoundKey extends GeneratedKey {
  readonly reference: KeyReference;
  readonly binding: Binding;
}

const SIGNATURE_BYTES = {
  ES256: 64,
  ES384: 96,
  RS256: 256,
  PS256: 256,
  Ed25519: 64,
  EdDSA: 64,
} as const satisfies Record<Algorithm, number>;

/** What every implementation of the `TokenSigner` port does. */
export function signerContract(name: string, open: () => Promise<SignerBackend>): void {
  describe(`${name} behind the port TokenSigner`, () => {
    let backend: SignerBackend;
    let signer: TokenSigner;
    let payments: BoundKey;
    let mail: BoundKey;

    beforeAll(async () => {
      backend = await open();
      signer = backend.signer;
      payments = await bind(PAYMENTS);
      mail = await bind(MAIL);
    });
    afterAll(() => backend.close());

    async function bind(scope: typeof PAYMENTS, algorithm: Algorithm = 'ES256'): Promise<BoundKey> {
      const specification = specify(scope, algorithm);
      const key = await signer.generate(specification);
      const binding = bindingOf(scope, { kid: key.kid, hsmId: specification.hsmId, algorithm });
      const reference = { kid: key.kid, hsmId: binding.hsmId, bindingRecord: await record(binding) };
      return { ...key, reference, binding };
    }

    async function record(binding: Binding): Promise<string> {
      const signingInput = composeBindingRecord(binding, backend.registryKid, NOW);
      const signature = await signer.sign({ kid: backend.registryKid, signingInput });
      return `${signingInput}.${signature.toString('base64url')}`;
    }

    function token(key: BoundKey, changes: object = {}, header: Readonly<Record<string, unknown>> = {}) {
      const signingInput = signingInputOf(key.binding, { ...claimsOf(key.binding), ...changes }, header);
      return { kid: key.kid, signingInput };
    }

    async function isSigned(key: BoundKey): Promise<boolean> {
      const request = token(key);
      const signature = await signer.sign(request);
      const { algorithm } = key.binding;
      return verifySignature(algorithm, importPublicKey(key.publicJwk), request.signingInput, signature);
    }

    const serve = (...keys: readonly BoundKey[]) => signer.serve(keys.map(({ reference }) => reference));
    const refusal = (promise: Promise<unknown>) =>
      promise.then(
        () => 'not refused',
        (error: { code: string }) => error.code,
      );

    it('describes its token', async () => {
      const { serial, algorithms, sessions } = await signer.describe();
      expect(serial).not.toBe('');
      expect(algorithms).toContain('ES256');
      expect(sessions).toBeGreaterThanOrEqual(1);
    });

    it.each(Object.keys(SIGNATURE_BYTES) as Algorithm[])(
      'makes a proven key for %s whose signatures hold under its public half',
      async (algorithm) => {
        const key = await bind(PAYMENTS, algorithm);
        expect(key).toMatchObject({ kid: thumbprint(key.publicJwk), proof: { kid: key.kid, proven: true } });
        expect(await serve(key)).toMatchObject([{ kid: key.kid, proven: true, found: true, unproven: [] }]);
        expect(await signer.sign(token(key))).toHaveLength(SIGNATURE_BYTES[algorithm]);
        expect(await isSigned(key)).toBe(true);
      },
    );

    it('makes no second key under an id, and no second registry key', async () => {
      const taken = { ...specify(PAYMENTS), hsmId: payments.binding.hsmId };
      const registry = { ...specify(PAYMENTS), label: REGISTRY_LABEL };
      expect(await refusal(signer.generate(taken))).toBe('hsm_refused');
      expect(await refusal(signer.generate(registry))).toBe('invalid_request');
    });

    it('serves the last set of keys it was given and no other', async () => {
      await serve(payments, mail);
      expect([await isSigned(payments), await isSigned(mail)]).toEqual([true, true]);
      await serve(mail);
      expect(await refusal(signer.sign(token(payments)))).toBe('key_unproven');
      expect(await isSigned(mail)).toBe(true);
      await serve();
      expect(await refusal(signer.sign(token(mail)))).toBe('key_unproven');
    });

    it('serves a key beside those that it serves already, and releases one alone', async () => {
      await serve(payments);
      const added = await signer.serveAlso([mail.reference]);
      expect(added).toMatchObject([{ kid: mail.kid, proven: true, found: true, unproven: [] }]);
      expect([await isSigned(payments), await isSigned(mail)]).toEqual([true, true]);
      await signer.release([payments.binding.hsmId, newHsmId()]);
      expect(await refusal(signer.sign(token(payments)))).toBe('key_unproven');
      expect(await isSigned(mail)).toBe(true);
      await signer.serveAlso([payments.reference]);
      expect(await isSigned(payments)).toBe(true);
    });

    it('serves a key no more that is not proven when it is served again, and the others all the same', async () => {
      await serve(payments, mail);
      const another = { ...payments.reference, bindingRecord: mail.reference.bindingRecord };
      expect(await signer.serveAlso([another])).toMatchObject([{ kid: payments.kid, proven: false }]);
      expect(await refusal(signer.sign(token(payments)))).toBe('key_unproven');
      expect(await isSigned(mail)).toBe(true);
    });

    it('serves no key also that is served twice at once, or was destroyed since it was made', async () => {
      await serve(mail);
      expect(await refusal(signer.serveAlso([payments.reference, payments.reference]))).toBe(
        'invalid_request',
      );
      const gone = await bind(PAYMENTS);
      const { hsmId, kid } = gone.binding;
      await signer.destroy({ hsmId, kid, bindingRecord: null });
      expect(await signer.serveAlso([gone.reference])).toMatchObject([{ proven: false, found: false }]);
      expect(await isSigned(mail)).toBe(true);
    });

    it('answers the proofs in the order of the keys', async () => {
      expect((await serve(mail, payments)).map(({ kid }) => kid)).toEqual([mail.kid, payments.kid]);
      expect((await serve(payments, mail)).map(({ kid }) => kid)).toEqual([payments.kid, mail.kid]);
    });

    it('leaves out a key that is not in the HSM, and says so, while the others serve', async () => {
      const binding = { ...payments.binding, hsmId: newHsmId() };
      const lost = {
        kid: payments.kid,
        hsmId: binding.hsmId,
        bindingRecord: payments.reference.bindingRecord,
      };
      const [absent] = await signer.serve([lost, mail.reference]);
      expect(absent).toMatchObject({ kid: payments.kid, proven: false });
      expect(absent?.unproven).not.toEqual([]);
      expect(await refusal(signer.sign(token(payments)))).toBe('key_unproven');
      expect(await isSigned(mail)).toBe(true);
    });

    it('tells a key whose objects are gone from one that is not proven', async () => {
      const gone = await bind(PAYMENTS);
      await signer.discard({ hsmId: gone.binding.hsmId });
      const another = { ...payments.reference, bindingRecord: mail.reference.bindingRecord };
      expect(await signer.serve([gone.reference, another])).toMatchObject([
        { proven: false, found: false },
        { proven: false, found: true },
      ]);
    });

    it('believes no binding record that the registry key did not sign', async () => {
      const parts = payments.reference.bindingRecord.split('.');
      const forged = [parts[0], parts[1], Buffer.alloc(64, 1).toString('base64url')].join('.');
      const proofs = await signer.serve([{ ...payments.reference, bindingRecord: forged }, mail.reference]);
      expect(proofs.map(({ proven }) => proven)).toEqual([false, true]);
    });

    it('refuses what does not fit the binding record, beside neighbours that do', async () => {
      await serve(payments, mail);
      const wrong = {
        'claims of another scope': token(payments, claimsOf(MAIL)),
        'an iat before the window': token(payments, { iat: payments.binding.signFrom - 1 }),
        'an iat after the window': token(payments, {
          iat: payments.binding.signUntil + 1,
          exp: payments.binding.signUntil + 2,
        }),
        'a life that is too long': token(payments, { exp: NOW + 301 }),
        'no audience': token(payments, { aud: undefined }),
        'an audience among others': token(payments, { aud: [PAYMENTS.audience] }),
        'the kid of another key': token(payments, {}, { kid: mail.kid }),
        'another algorithm': token(payments, {}, { alg: 'ES384' }),
        'a registry typ': token(payments, {}, { typ: 'kw-binding+jwt' }),
        'a header too many': token(payments, {}, { jku: 'https://evil.example' }),
        'another header in place of typ': token(payments, {}, { typ: undefined, cty: 'JWT' }),
        'an empty typ': token(payments, {}, { typ: '' }),
        'a digest': { kid: payments.kid, signingInput: 'a'.repeat(64) },
        nothing: { kid: payments.kid, signingInput: '' },
      };
      const untyped = token(payments, {}, { typ: undefined });
      const neighbours = Promise.all([
        isSigned(payments),
        isSigned(mail),
        refusal(signer.sign(untyped)).then((code) => code === 'not refused'),
      ]);
      const codes = await Promise.all(
        Object.entries(wrong).map(async ([what, request]) => [what, await refusal(signer.sign(request))]),
      );
      expect(codes).toEqual(Object.keys(wrong).map((what) => [what, 'binding_refused']));
      expect(await neighbours).toEqual([true, true, true]);
    });

    it('signs with the registry key only its own types, and only records that are true', async () => {
      const asToken = { ...payments.binding, kid: backend.registryKid };
      const signingInput = signingInputOf(asToken, claimsOf(payments.binding));
      expect(await refusal(signer.sign({ kid: backend.registryKid, signingInput }))).toBe('binding_refused');
      const { kid, hsmId, algorithm } = payments.binding;
      expect(await refusal(record(bindingOf(MAIL, { kid, hsmId, algorithm })))).toBe('binding_refused');
      expect(await refusal(record({ ...payments.binding, kid: mail.kid }))).toBe('binding_refused');
      expect(await refusal(record(payments.binding))).toBe('not refused');
    });

    it('signs many at once, each its own input', async () => {
      await serve(payments, mail);
      const signed = await Promise.all(
        Array.from({ length: 300 }, (_, n) => isSigned(n % 2 ? payments : mail)),
      );
      expect(signed).toEqual(Array(300).fill(true));
    });

    it('lists both halves of a key', async () => {
      const { hsmId, kid } = payments.binding;
      const label = scopeLabel(PAYMENTS);
      const objects = (await signer.inventory()).filter((object) => object.hsmId === hsmId);
      expect(objects.toSorted((a, b) => a.class.localeCompare(b.class))).toEqual([
        { class: 'private_key', hsmId, label, kid: null },
        { class: 'public_key', hsmId, label, kid },
      ]);
    });

    it('proves a key anew, served or not, and the key itself says so', async () => {
      const nonce = 'asked-for-by-a-test';
      const { proof, token, statement } = await signer.prove(payments.reference, nonce);
      expect(proof).toMatchObject({ kid: payments.kid, proven: true, found: true, unproven: [] });
      const said = readKeyProof(statement ?? '', payments.publicJwk);
      expect(said).toMatchObject({
        kid: payments.kid,
        algorithm: 'ES256',
        hsmId: payments.binding.hsmId,
        bindingDigest: bindingDigest(payments.reference.bindingRecord),
        mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
        token: { label: token.label, serial: token.serial, firmware: token.firmware },
        nonce,
      });
      expect(said.attributes).toEqual(proof.attributes);
      expect(areAsRequired(said.attributes)).toBe(true);
    });

    it('signs no proof with a key that is not there', async () => {
      const reference = { ...payments.reference, hsmId: newHsmId() };
      const { proof, statement } = await signer.prove(reference, 'asked-for-by-a-test');
      expect([proof.proven, statement]).toEqual([false, null]);
    });

    it('signs no proof that the front composes', async () => {
      const { kid, algorithm } = payments.binding;
      const said = {
        kid,
        algorithm,
        hsmId: payments.binding.hsmId,
        bindingRecord: payments.reference.bindingRecord,
        attributes: { CKA_EXTRACTABLE: false },
        mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
        token: { label: 'l', serial: 's', manufacturer: 'm', model: 'm', firmware: '1.0' },
        nonce: 'asked-for-by-a-test',
        iat: NOW,
      };
      expect(await refusal(signer.sign({ kid, signingInput: composeKeyProof(said) }))).toBe(
        'binding_refused',
      );
    });

    it('discards what stands under a reserved id, but no key in service', async () => {
      const half = await bind(PAYMENTS);
      await serve(payments);
      expect(await refusal(signer.discard({ hsmId: payments.binding.hsmId }))).toBe('hsm_refused');
      await signer.discard({ hsmId: half.binding.hsmId });
      await signer.discard({ hsmId: newHsmId() });
      const ids = (await signer.inventory()).map(({ hsmId }) => hsmId);
      expect([ids.includes(half.binding.hsmId), ids.includes(payments.binding.hsmId)]).toEqual([false, true]);
    });

    it('destroys exactly the key that is named, which then signs no more', async () => {
      const doomed = await bind(PAYMENTS);
      const { hsmId, kid } = doomed.binding;
      await serve(doomed, mail);
      expect(await refusal(signer.destroy({ hsmId, kid: mail.kid, bindingRecord: null }))).toBe(
        'hsm_refused',
      );
      expect(await isSigned(doomed)).toBe(true);
      await signer.destroy({ hsmId, kid, bindingRecord: null });
      expect(await refusal(signer.sign(token(doomed)))).toBe('key_unproven');
      expect((await signer.inventory()).some((object) => object.hsmId === hsmId)).toBe(false);
      expect(await isSigned(mail)).toBe(true);
    });

    it('destroys twice what is named twice: the second time there is nothing to do', async () => {
      const doomed = await bind(PAYMENTS);
      const { hsmId, kid } = doomed.binding;
      await serve(doomed, mail);
      await signer.destroy({ hsmId, kid, bindingRecord: null });
      await signer.destroy({ hsmId, kid, bindingRecord: null });
      expect(await isSigned(mail)).toBe(true);
    });

    it('never destroys the registry key', async () => {
      const objects = await signer.inventory();
      const hsmId = objects.find(({ kid }) => kid === backend.registryKid)?.hsmId ?? '';
      expect(await refusal(signer.destroy({ hsmId, kid: backend.registryKid, bindingRecord: null }))).toBe(
        'hsm_refused',
      );
      expect(await refusal(signer.discard({ hsmId }))).toBe('hsm_refused');
      expect(await refusal(record(mail.binding))).toBe('not refused');
    });
  });
}

function specify(scope: typeof PAYMENTS, algorithm: Algorithm = 'ES256') {
  const modulusBits = SIGNATURE_BYTES[algorithm] === 256 ? (2048 as const) : null;
  return { hsmId: newHsmId(), label: scopeLabel(scope), algorithm, modulusBits };
}
