import { compactVerify, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../src/kernel/algorithm.ts';
import { POLICY_BOUNDS } from '../../src/kernel/policy.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import { AUDIT_LABEL, type Failure, REGISTRY_LABEL } from '../../src/signer/protocol.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { composeCheckpoint, readCheckpoint } from '../../src/token/checkpoint.ts';
import { importPublicKey, thumbprint } from '../../src/token/public-jwk.ts';
import {
  composeHeadStatement,
  composeProbe,
  composeRowStatement,
} from '../../src/token/registry-statement.ts';
import { composeRunCertificate, RUN_TYP, readRunCertificate } from '../../src/token/run-certificate.ts';
import { verifySignatureSync } from '../../src/token/signature.ts';
import { CHECKPOINT } from '../support/checkpoint-samples.ts';
import {
  bindingOf,
  claimsOf,
  compact,
  MAIL,
  makeAuditKey,
  makeRegistryKey,
  NOW,
  newHsmId,
  PAYMENTS,
  type Provisioned,
  provision,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';

const RUN = { id: '0f8fad5b-d9cb-469f-a165-70867728950e', publicKey: 'A'.repeat(43), startedAt: NOW };
const RUN_CLAIMS = { run: RUN.id, public_key: RUN.publicKey, started_at: NOW, iat: NOW };

/** A standby waits one cryptoperiod and signs for another, of the longest that any policy allows. */
const LONGEST_WINDOW = 2 * POLICY_BOUNDS.cryptoperiodSeconds[1];

export interface SignerProcessBackend {
  readonly environment: Readonly<Record<string, string>>;
  /** Of an empty token. */
  readonly settings: SignerSettings;
  remove(): void;
}

/** What the real signer process does, whatever module is behind it. */
export function signerProcessContract(name: string, makeBackend: () => Promise<SignerProcessBackend>): void {
  describe(`the signer process on ${name}`, () => {
    let backend: SignerProcessBackend;
    let registry: { kid: string; hsmId: string };
    let audit: Awaited<ReturnType<typeof makeAuditKey>>;
    let signer: SignerProcess;

    beforeAll(async () => {
      backend = await makeBackend();
      registry = await makeRegistryKey(backend.environment, backend.settings);
      audit = await makeAuditKey(backend.environment, backend.settings);
      const named = { registryKid: registry.kid, auditKid: audit.kid };
      signer = startSigner(backend.environment, { ...backend.settings, ...named });
      await signer.open();
    });

    afterAll(async () => {
      await signer.stop();
      backend.remove();
    });

    const make = (scope = PAYMENTS, algorithm?: Parameters<typeof provision>[3]) =>
      provision(signer, registry.kid, scope, algorithm);

    async function inService(...keys: readonly Provisioned[]): Promise<void> {
      const proofs = await signer.ask('serve', keys.map(reference));
      expect(proofs.map(({ kid, proven, unproven }) => ({ kid, proven, unproven }))).toEqual(
        keys.map(({ kid }) => ({ kid, proven: true, unproven: [] })),
      );
    }

    async function sign(kid: string, signingInput: string) {
      const [outcome] = await signer.ask('sign', [[kid, signingInput]]);
      return outcome;
    }

    describe('every algorithm that the token has', () => {
      it.each(ALGORITHM_NAMES)('%s signs what node:crypto and jose verify', async (algorithm) => {
        const key = await make(PAYMENTS, algorithm);
        await inService(key);
        const input = signingInputOf(key.binding, claimsOf(PAYMENTS));
        const outcome = await sign(key.kid, input);
        const token = compact(input, outcome);
        const signature = outcome as Uint8Array;
        expect(verifySignatureSync(algorithm, importPublicKey(key.publicJwk), input, signature)).toBe(true);
        const verified = await compactVerify(token, await importJWK({ ...key.publicJwk }, algorithm));
        expect(JSON.parse(Buffer.from(verified.payload).toString())).toEqual(claimsOf(PAYMENTS));
        expect(thumbprint(key.publicJwk)).toBe(key.kid);
      });

      it('signs a batch of several in order', async () => {
        const keys = [await make(), await make(MAIL, 'RS256'), await make(PAYMENTS, 'Ed25519')];
        await inService(...keys);
        const items = Array.from({ length: 30 }, (_, at) => {
          const key = keys[at % keys.length] as Provisioned;
          return { key, input: signingInputOf(key.binding, { ...claimsOf(key.binding), jti: `n${at}` }) };
        });
        const outcomes = await signer.ask(
          'sign',
          items.map(({ key, input }) => [key.kid, input] as const),
        );
        const verified = items.map(({ key, input }, at) =>
          verifySignatureSync(
            key.binding.algorithm,
            importPublicKey(key.publicJwk),
            input,
            outcomes[at] as Uint8Array,
          ),
        );
        expect(verified).toEqual(items.map(() => true));
      });
    });

    describe('the guard (I8)', () => {
      let payments: Provisioned;
      let mail: Provisioned;

      beforeAll(async () => {
        [payments, mail] = [await make(PAYMENTS), await make(MAIL)];
        await inService(payments, mail);
      });

      const refused = (message: string): Failure => ({ code: 'binding_refused', message });

      it('signs the claims of the key’s own scope, and not those of another', async () => {
        const own = signingInputOf(payments.binding, claimsOf(PAYMENTS));
        expect(await sign(payments.kid, own)).toBeInstanceOf(Uint8Array);
        const foreign = signingInputOf(payments.binding, claimsOf(MAIL));
        expect(await sign(payments.kid, foreign)).toEqual(refused('aud is not the audience of the key'));
        expect(await sign(mail.kid, signingInputOf(mail.binding, claimsOf(MAIL)))).toBeInstanceOf(Uint8Array);
      });

      it.each<[string, Record<string, unknown>, string]>([
        ['another issuer', { iss: 'https://other.example' }, 'iss is not the issuer of the key'],
        ['its audience among others', { aud: ['payments', 'mail'] }, 'aud is not the audience of the key'],
        ['its audience as a list', { aud: ['payments'] }, 'aud is not the audience of the key'],
        ['no audience', { aud: undefined }, 'aud is not the audience of the key'],
        ['an iat before the window', { iat: NOW - 1_001 }, 'iat is outside the signing window of the key'],
        ['an iat after the window', { iat: NOW + 1_001 }, 'iat is outside the signing window of the key'],
        ['an iat with a fraction', { iat: NOW + 0.5 }, 'iat is not a whole number of seconds'],
        ['an iat that is text', { iat: `${NOW}` }, 'iat is not a whole number of seconds'],
        ['no iat', { iat: undefined }, 'iat is not a whole number of seconds'],
        ['no exp', { exp: undefined }, 'exp is not a whole number of seconds'],
        ['an aud in capitals', { AUD: 'mail' }, 'the signing input is malformed: lookalike_members'],
        ['an iss with a long s', { i\u017fs: 'x' }, 'the signing input is malformed: lookalike_members'],
        ['a sub in capitals', { SUB: 'admin' }, 'the signing input is malformed: lookalike_members'],
        ['a sub with U+0000', { 'su\0b': 1 }, 'the signing input is malformed: forbidden_member'],
        [
          'two of its own alike',
          { Tenant: 1, tenant: 2 },
          'the signing input is malformed: lookalike_members',
        ],
        ['a scope in capitals', { SCOPE: 'all' }, 'the signing input is malformed: misleading_member'],
        [
          'an actor’s sub in capitals',
          { act: { Sub: 1 } },
          'the signing input is malformed: misleading_member',
        ],
        ['a sub that is no text', { sub: 7 }, 'the claims are not those of a token of this type'],
        ['a lifetime too long', { exp: NOW + 301 }, 'the lifetime is longer than the key allows'],
      ])('refuses %s', async (_, changes, message) => {
        const input = signingInputOf(payments.binding, { ...claimsOf(PAYMENTS), ...changes });
        expect(await sign(payments.kid, input)).toEqual(refused(message));
      });

      it.each<[string, Record<string, unknown>]>([
        ['the first second of the window', { iat: NOW - 1_000, exp: NOW - 700 }],
        ['the last second of the window', { iat: NOW + 1_000, exp: NOW + 1_300 }],
        ['the longest lifetime', { exp: NOW + 300 }],
      ])('signs %s', async (_, changes) => {
        const input = signingInputOf(payments.binding, { ...claimsOf(PAYMENTS), ...changes });
        expect(await sign(payments.kid, input)).toBeInstanceOf(Uint8Array);
      });

      it('signs an access token that names subject, client and itself, and none that leaves one out', async () => {
        const whole = { ...claimsOf(PAYMENTS), sub: 'alice', client_id: 'app', jti: 'j' };
        const access = (claims: object) => signingInputOf(payments.binding, { ...claims }, { typ: 'at+jwt' });
        expect(await sign(payments.kid, access(whole))).toBeInstanceOf(Uint8Array);
        for (const name of ['sub', 'client_id', 'jti']) {
          expect(await sign(payments.kid, access({ ...whole, [name]: undefined }))).toEqual(
            refused('the claims are not those of a token of this type'),
          );
        }
      });

      it('signs a header with no type, as an ID token may have it', async () => {
        const input = signingInputOf(payments.binding, claimsOf(PAYMENTS), { typ: undefined });
        expect(await sign(payments.kid, input)).toBeInstanceOf(Uint8Array);
      });

      it.each<[string, Record<string, unknown>, string]>([
        ['another algorithm', { alg: 'RS256' }, 'alg is not that of the key'],
        ['the type of a binding record', { typ: 'kw-binding+jwt' }, 'typ is not a type of token'],
        ['an empty type', { typ: '' }, 'typ is not a type of token'],
        ['a member too many', { cty: 'JWT' }, 'the header has other members than alg, typ and kid'],
        ['a key of its own', { jwk: { kty: 'oct' } }, 'the signing input is malformed: suspicious_header'],
        [
          'a place to get a key from',
          { jku: 'https://evil.example' },
          'the signing input is malformed: suspicious_header',
        ],
        ['a critical member', { crit: ['b64'] }, 'the signing input is malformed: suspicious_header'],
      ])('refuses a header with %s', async (_, changes, message) => {
        const input = signingInputOf(payments.binding, claimsOf(PAYMENTS), changes);
        expect(await sign(payments.kid, input)).toEqual(refused(message));
      });

      it('refuses a header that names another key than it is asked for', async () => {
        const input = signingInputOf(mail.binding, claimsOf(PAYMENTS));
        expect(await sign(payments.kid, input)).toEqual(refused('kid is not that of the key'));
      });

      it.each([
        ['a digest', 'nVRdyZ5RVqyTKBgpNUuOpMWGKMJpVEAlk1bQCJB0U9w', 'not_compact'],
        ['bytes', '\x00\x01\x02', 'not_compact'],
        ['nothing', '', 'not_compact'],
        ['a whole token', 'eyJhIjoxfQ.eyJhIjoxfQ.AAAA', 'not_compact'],
        ['a claim named twice', inputOf('{"aud":"mail","aud":"payments"}'), 'duplicate_member'],
        ['a number that would change', inputOf('{"n":19.999999999999999999}'), 'inexact_number'],
      ])('refuses %s', async (_, input, problem) => {
        expect(await sign(payments.kid, input)).toEqual(
          refused(`the signing input is malformed: ${problem}`),
        );
      });

      it('signs nothing for a kid that is not in service, and goes on with the others', async () => {
        const input = signingInputOf(payments.binding, claimsOf(PAYMENTS));
        const outcomes = await signer.ask('sign', [
          ['A'.repeat(43), input],
          [payments.kid, input],
        ]);
        expect(outcomes).toEqual([
          { code: 'key_unproven', message: 'no proven key of this kid is in service' },
          expect.any(Uint8Array),
        ]);
      });

      function inputOf(claims: string): string {
        const header = '{"alg":"ES256","typ":"JWT","kid":"any"}';
        return [header, claims].map((part) => Buffer.from(part).toString('base64url')).join('.');
      }
    });

    describe('the registry key', () => {
      const asRegistry = (claims: object, typ: string) => {
        const header = { kid: registry.kid, algorithm: 'ES256' as const };
        return signingInputOf(header, claims as Record<string, unknown>, { typ });
      };

      it('signs a probe that says nothing, and no token', async () => {
        expect(await sign(registry.kid, composeProbe(registry.kid, NOW))).toBeInstanceOf(Uint8Array);
        expect(await sign(registry.kid, asRegistry({ iat: NOW, sub: 'alice' }, 'kw-probe+jwt'))).toEqual({
          code: 'binding_refused',
          message: 'it is more than a probe',
        });
        const token = asRegistry(claimsOf(PAYMENTS), 'JWT');
        expect(await sign(registry.kid, token)).toEqual({
          code: 'binding_refused',
          message: 'typ is not one that this key signs',
        });
      });

      it('signs rows and head of the registry, and nothing that only calls itself so', async () => {
        const digest = 'A'.repeat(43);
        const row = { table: 'clients', id: 'web', version: 1, contentHash: digest };
        const head = { version: 1, previous: 0, buckets: [digest] };
        expect(await sign(registry.kid, composeRowStatement(row, registry.kid))).toBeInstanceOf(Uint8Array);
        expect(await sign(registry.kid, composeHeadStatement(head, registry.kid))).toBeInstanceOf(Uint8Array);
        const refusals = [
          [asRegistry({ ...claimsOf(PAYMENTS) }, 'kw-registry-row+jwt'), 'it states no row of the registry'],
          [asRegistry({ version: 1 }, 'kw-registry-head+jwt'), 'it states no head of the registry'],
        ] as const;
        for (const [input, message] of refusals) {
          expect(await sign(registry.kid, input)).toEqual({ code: 'binding_refused', message });
        }
      });

      it.each<[string, (key: Provisioned) => Parameters<typeof composeBindingRecord>[0], string]>([
        [
          'a key to another scope than it was made for',
          ({ binding }) => ({ ...bindingOf(MAIL, binding) }),
          'the key was made for another scope than the record names',
        ],
        [
          'a kid to another object',
          ({ binding }) => ({ ...binding, kid: 'A'.repeat(43) }),
          'kid is not that of the key under the id of the record',
        ],
        [
          'a key for longer than two of the longest cryptoperiods',
          ({ binding }) => ({ ...binding, signUntil: binding.signFrom + LONGEST_WINDOW + 1 }),
          'the signing window is longer than any policy allows',
        ],
        [
          'a key for tokens that live longer than a day',
          ({ binding }) => ({ ...binding, maxTtlSeconds: 86_401 }),
          'the lifetime is longer than any policy allows',
        ],
        [
          'an object that is not there',
          ({ binding }) => ({ ...binding, hsmId: '00'.repeat(16) }),
          'the HSM does not hold exactly one key under the id of the record',
        ],
      ])('does not bind %s', async (_, change, message) => {
        const key = await make();
        const own = composeBindingRecord(key.binding, registry.kid, NOW);
        expect(await sign(registry.kid, own)).toBeInstanceOf(Uint8Array);
        const other = composeBindingRecord(change(key), registry.kid, NOW);
        expect(await sign(registry.kid, other)).toEqual({ code: 'binding_refused', message });
      });

      it('signs no checkpoint, which is for the audit key', async () => {
        expect(await sign(registry.kid, composeCheckpoint(CHECKPOINT, registry.kid))).toEqual({
          code: 'binding_refused',
          message: 'typ is not one that this key signs',
        });
      });

      it('binds a key for the longest window and lifetime of any policy', async () => {
        const longest = { signUntil: NOW - 1_000 + LONGEST_WINDOW, maxTtlSeconds: 86_400 };
        const { binding } = await provision(signer, registry.kid, PAYMENTS, 'ES256', longest);
        expect(binding.signUntil - binding.signFrom).toBe(LONGEST_WINDOW);
      });

      it('is not made a second time', async () => {
        const specification = {
          hsmId: newHsmId(),
          label: REGISTRY_LABEL,
          algorithm: 'ES256',
          modulusBits: null,
        } as const;
        expect(await signer.failing('generate', specification)).toEqual({
          code: 'invalid_request',
          message: 'the signer was given a wrong label',
        });
      });
    });

    describe('the audit key', () => {
      it('signs a checkpoint', async () => {
        const checkpoint = { ...CHECKPOINT, time: NOW };
        const input = composeCheckpoint(checkpoint, audit.kid);
        const jws = compact(input, await sign(audit.kid, input));
        const key = { kid: audit.kid, publicKey: importPublicKey(audit.publicJwk) };
        expect(await readCheckpoint(jws, key)).toEqual(checkpoint);
      });

      it.each([
        ['a binding', 'kw-binding+jwt', {}, 'typ is not one that this key signs'],
        ['a token', 'JWT', {}, 'typ is not one that this key signs'],
        ['a key set', 'jwk-set+jwt', {}, 'typ is not one that this key signs'],
        ['a checkpoint without its heads', 'kw-checkpoint+jwt', { number: 1, iat: 1 }, 'it is no checkpoint'],
        ['a run with one member more', RUN_TYP, { ...RUN_CLAIMS, sub: 'x' }, 'it is no certificate of a run'],
        [
          'a run without its key',
          RUN_TYP,
          { ...RUN_CLAIMS, public_key: '' },
          'it is no certificate of a run',
        ],
        ['a run whose id is none', RUN_TYP, { ...RUN_CLAIMS, run: '1' }, 'it is no certificate of a run'],
      ])('does not sign %s', async (_, typ, claims, message) => {
        const input = signingInputOf({ kid: audit.kid, algorithm: 'ES256' }, claims, { typ });
        expect(await sign(audit.kid, input)).toEqual({ code: 'binding_refused', message });
      });

      it('certifies a run, and the registry key certifies none', async () => {
        const input = composeRunCertificate(RUN, NOW, audit.kid);
        const jws = compact(input, await sign(audit.kid, input));
        const key = { kid: audit.kid, publicKey: importPublicKey(audit.publicJwk) };
        expect(await readRunCertificate(jws, key)).toEqual(RUN);
        expect(await sign(registry.kid, composeRunCertificate(RUN, NOW, registry.kid))).toEqual({
          code: 'binding_refused',
          message: 'typ is not one that this key signs',
        });
      });

      it('is neither made a second time nor destroyed', async () => {
        const specification = { hsmId: newHsmId(), label: AUDIT_LABEL, algorithm: 'ES256' } as const;
        expect(await signer.failing('generate', { ...specification, modulusBits: null })).toEqual({
          code: 'invalid_request',
          message: 'the signer was given a wrong label',
        });
        const { kid, hsmId } = audit;
        expect(await signer.failing('destroy', { kid, hsmId, bindingRecord: null })).toEqual({
          code: 'hsm_refused',
          message: 'the audit key is never destroyed this way',
          remedy: 'stop',
        });
      });
    });

    describe('making and destroying', () => {
      it('refuses an id that the token holds already', async () => {
        const key = await make();
        const failure = await signer.failing('generate', {
          hsmId: key.hsmId,
          label: scopeLabel(MAIL),
          algorithm: 'ES256',
          modulusBits: null,
        });
        expect(failure).toMatchObject({
          code: 'hsm_refused',
          message: 'the HSM already holds an object of this id',
        });
        await inService(key);
      });

      it('destroys both halves of the key that is named, and nothing else', async () => {
        const [doomed, other] = [await make(), await make()];
        const wrong = await signer.failing('destroy', {
          hsmId: doomed.hsmId,
          kid: other.kid,
          bindingRecord: null,
        });
        expect(wrong).toMatchObject({
          code: 'hsm_refused',
          message: 'the public key under this id is not the one to be destroyed',
        });
        await inService(doomed, other);
        await signer.ask('destroy', doomed);
        const input = signingInputOf(doomed.binding, claimsOf(PAYMENTS));
        expect(await sign(doomed.kid, input)).toMatchObject({ code: 'key_unproven' });
        const ids = (await signer.ask('inventory', null)).map(({ hsmId }) => hsmId);
        expect(ids).not.toContain(doomed.hsmId);
        expect(ids.filter((hsmId) => hsmId === other.hsmId)).toHaveLength(2);
      });

      it('never destroys the registry key, by neither way', async () => {
        const message = 'the registry key is never destroyed this way';
        expect(await signer.failing('destroy', { ...registry, bindingRecord: null })).toMatchObject({
          code: 'hsm_refused',
          message,
        });
        expect(await signer.failing('discard', registry)).toMatchObject({
          code: 'hsm_refused',
          message: 'the key of this id is in service',
        });
      });

      it('discards what is not in service, and refuses what is', async () => {
        const [idle, served] = [await make(), await make()];
        await inService(served);
        expect(await signer.failing('discard', served)).toMatchObject({
          code: 'hsm_refused',
          message: 'the key of this id is in service',
        });
        await signer.ask('discard', idle);
        await signer.ask('discard', idle);
        const ids = (await signer.ask('inventory', null)).map(({ hsmId }) => hsmId);
        expect(ids).not.toContain(idle.hsmId);
        expect(ids).toContain(served.hsmId);
      });

      it('lists each object with what it is', async () => {
        const key = await make(PAYMENTS, 'RS256');
        const listed = (await signer.ask('inventory', null)).filter(({ hsmId }) => hsmId === key.hsmId);
        const shown = { hsmId: key.hsmId, label: scopeLabel(PAYMENTS) };
        expect(listed).toHaveLength(2);
        expect(listed).toContainEqual({ ...shown, class: 'public_key', kid: key.kid });
        expect(listed).toContainEqual({ ...shown, class: 'private_key', kid: null });
      });
    });
  });
}

function reference({ kid, hsmId, bindingRecord }: Provisioned) {
  return { kid, hsmId, bindingRecord };
}
