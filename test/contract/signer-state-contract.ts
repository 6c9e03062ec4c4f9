import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import { canaryLabel, scopeLabel } from '../../src/kernel/scope.ts';
import type { Failure } from '../../src/signer/protocol.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { checkpointDigest, composeCheckpoint } from '../../src/token/checkpoint.ts';
import { composeKeyEvidence } from '../../src/token/key-evidence.ts';
import { composePublishedPolicy, KEY_SET_TYP } from '../../src/token/published-key-set.ts';
import {
  composeHeadStatement,
  composeProbe,
  composeRowStatement,
} from '../../src/token/registry-statement.ts';
import { composeRunCertificate } from '../../src/token/run-certificate.ts';
import { CHECKPOINT } from '../support/checkpoint-samples.ts';
import {
  bindingOf,
  claimsOf,
  compact,
  makeAuditKey,
  makeRegistryKey,
  newHsmId,
  PAYMENTS,
  type Provisioned,
  provision,
  signingInputOf,
} from '../support/provisioned-token.ts';
import { type SignerProcess, startSigner } from '../support/signer-process.ts';
import type { SignerProcessBackend } from './signer-process-contract.ts';

const SKEW = 300;
/** Far enough that a busy machine makes no difference. */
const FAR = 10 * SKEW;
const DIGEST = 'A'.repeat(43);

const seconds = () => Math.floor(Date.now() / 1_000);
const refused = (message: string): Failure => ({ code: 'binding_refused', message });

/** What the signer keeps for itself against a front in other hands, whatever module is behind it. */
export function signerStateContract(name: string, makeBackend: () => Promise<SignerProcessBackend>): void {
  describe(`a front in other hands, and the signer on ${name}`, () => {
    let backend: SignerProcessBackend;
    let settings: SignerSettings;
    let registry: { kid: string; hsmId: string };
    let audit: { kid: string; hsmId: string };
    let signer: SignerProcess;

    const start = async () => {
      signer = startSigner(backend.environment, settings);
      await signer.open();
    };
    const restart = async (between: () => void = () => {}) => {
      await signer.stop();
      between();
      await start();
    };
    const sign = async (kid: string, signingInput: string) => {
      const [outcome] = await signer.ask('sign', [[kid, signingInput]]);
      return outcome;
    };
    const stateFiles = () => {
      const [folder = ''] = readdirSync(settings.stateDir);
      return join(settings.stateDir, folder);
    };
    const loseState = () => rmSync(settings.stateDir, { recursive: true });
    const sealed = () => signer.ask('sealed', { checkpoint: null, head: null });

    beforeAll(async () => {
      backend = await makeBackend();
      registry = await makeRegistryKey(backend.environment, backend.settings);
      audit = await makeAuditKey(backend.environment, backend.settings);
      settings = {
        ...backend.settings,
        registryKid: registry.kid,
        auditKid: audit.kid,
        clockSkewSeconds: SKEW,
      };
      await start();
    });

    afterAll(async () => {
      await signer.stop();
      backend.remove();
    });

    /** A key as a front asks for it, dated by the signer's own clock. */
    const make = () => {
      const now = seconds();
      return provision(signer, registry.kid, PAYMENTS, 'ES256', { signFrom: now, signUntil: now + 2 * FAR });
    };

    describe('checkpoints', () => {
      let number = 0;
      let last = '';

      const compose = (changes: Partial<typeof CHECKPOINT> = {}) =>
        composeCheckpoint(
          { ...CHECKPOINT, number: number + 1, previous: digestOf(last), time: seconds(), ...changes },
          audit.kid,
        );

      beforeEach(async () => {
        const input = compose();
        last = compact(input, await sign(audit.kid, input));
        number += 1;
      });

      it('are signed in order, each after the one before', async () => {
        const input = compose();
        expect(await sign(audit.kid, input)).toBeInstanceOf(Uint8Array);
        last = (await sealed()).checkpoint ?? '';
        number += 1;
        expect(last.startsWith(input)).toBe(true);
      });

      it.each([
        ['the same number with other content', () => compose({ number, time: seconds() - 1 })],
        ['a number that was passed', () => compose({ number: number - 1 })],
        ['a number further on', () => compose({ number: number + 2 })],
        ['the highest number of all', () => compose({ number: Number.MAX_SAFE_INTEGER })],
      ])('are not signed with %s', async (_, input) => {
        const message = 'its number does not follow that of the last checkpoint';
        expect(await sign(audit.kid, input())).toEqual(refused(message));
        expect(await sealed()).toMatchObject({ checkpoint: last });
      });

      it('are not signed after another past', async () => {
        const message = 'its previous is not the digest of the last checkpoint';
        expect(await sign(audit.kid, compose({ previous: Buffer.alloc(32, 1) }))).toEqual(refused(message));
      });

      it.each([
        ['ahead', FAR],
        ['behind', -FAR],
      ])('are not signed of a date far %s', async (_, shift) => {
        const message = 'iat is too far from the clock of the signer';
        expect(await sign(audit.kid, compose({ time: seconds() + shift }))).toEqual(refused(message));
      });

      it('get the same signature when they are asked for again, also of another process', async () => {
        const [header, claims] = last.split('.');
        const again = async () =>
          compact(`${header}.${claims}`, await sign(audit.kid, `${header}.${claims}`));
        expect(await again()).toBe(last);
        await restart();
        expect(await again()).toBe(last);
      });

      it('go on after a restart where they were', async () => {
        await restart();
        expect(await sealed()).toMatchObject({ checkpoint: last });
        const message = 'its number does not follow that of the last checkpoint';
        expect(await sign(audit.kid, compose({ number: 1 }))).toEqual(refused(message));
        const input = compose();
        last = compact(input, await sign(audit.kid, input));
        number += 1;
      });

      it('are learned upward from what is shown, once the state is lost', async () => {
        await restart(loseState);
        expect(signer.logs).toContainEqual(
          expect.objectContaining({
            log: 'error',
            message: 'the signer has no state: it learns what it sealed and bound from what is signed',
            details: expect.objectContaining({ missing: ['keys.jsonl', 'sealed.json', 'key-sets.jsonl'] }),
          }),
        );
        const forged = `${last.slice(0, last.lastIndexOf('.'))}.${Buffer.alloc(64, 1).toString('base64url')}`;
        const show = async (checkpoint: string) =>
          (await signer.ask('sealed', { checkpoint, head: null })).checkpoint;
        expect(await show(forged)).toBeNull();
        expect(await show(last)).toBe(last);
        const message = 'its number does not follow that of the last checkpoint';
        expect(await sign(audit.kid, compose({ number }))).toEqual(refused(message));
        const older = last;
        const input = compose();
        last = compact(input, await sign(audit.kid, input));
        number += 1;
        expect(await show(older)).toBe(last);
      });
    });

    describe('the registry', () => {
      let version = 0;
      const head = (at: number, fill = DIGEST) =>
        composeHeadStatement({ version: at, previous: at - 1, buckets: [fill] }, registry.kid);
      const row = (at: number) =>
        composeRowStatement({ table: 'clients', id: 'web', version: at, contentHash: DIGEST }, registry.kid);

      beforeEach(async () => {
        version += 1;
        expect(await sign(registry.kid, row(version))).toBeInstanceOf(Uint8Array);
        expect(await sign(registry.kid, head(version))).toBeInstanceOf(Uint8Array);
      });

      it.each([
        ['the same version with other content', () => head(version, `${'A'.repeat(42)}E`)],
        ['a version that was passed', () => head(version - 1 || 1, `${'A'.repeat(42)}E`)],
        ['a version further on', () => head(version + 2)],
        ['a row of a version that was passed', () => row(version)],
        ['a row of a version further on', () => row(version + 2)],
      ])('gets no signature for %s, but for what follows', async (_, input) => {
        const message = 'its version does not follow that of the last head of the registry';
        expect(await sign(registry.kid, input())).toEqual(refused(message));
        await restart();
        expect(await sign(registry.kid, input())).toEqual(refused(message));
        expect(await sign(registry.kid, row(version + 1))).toBeInstanceOf(Uint8Array);
      });

      it('gets the same signature for the same head', async () => {
        const last = (await sealed()).head;
        expect(compact(head(version), await sign(registry.kid, head(version)))).toBe(last);
      });
    });

    describe('binding', () => {
      const record = (binding: Provisioned['binding'], iat = seconds()) =>
        composeBindingRecord(binding, registry.kid, iat);
      const generate = async (label = scopeLabel(PAYMENTS), hsmId = newHsmId()) => {
        const made = { hsmId, label, algorithm: 'ES256', modulusBits: null } as const;
        const { kid } = await signer.ask('generate', made);
        const now = seconds();
        const bounds = { signFrom: now, signUntil: now + FAR };
        return { ...bindingOf(PAYMENTS, { kid, hsmId, algorithm: 'ES256' }), ...bounds };
      };

      it('happens once: the same record again, and no other one', async () => {
        const binding = await generate();
        const own = record(binding);
        for (let time = 0; time < 2; time += 1) {
          expect(await sign(registry.kid, own)).toBeInstanceOf(Uint8Array);
        }
        const others = [
          { ...binding, signUntil: binding.signUntil + 1 },
          { ...binding, maxTtlSeconds: binding.maxTtlSeconds + 1 },
          { ...binding, signUntil: binding.signUntil - 1 },
        ];
        const outcomes = async () => {
          const signed = others.map((other) => sign(registry.kid, record(other)));
          return [...(await Promise.all(signed)), await sign(registry.kid, record(binding, seconds() + 1))];
        };
        const bound = refused('the key is bound already, by another record');
        expect(await outcomes()).toEqual([bound, bound, bound, bound]);
        await restart();
        expect(await outcomes()).toEqual([bound, bound, bound, bound]);
        expect(await sign(registry.kid, own)).toBeInstanceOf(Uint8Array);
      });

      it.each<[string, (binding: Provisioned['binding']) => string, string]>([
        ['begins far ahead', (b) => record({ ...b, signFrom: b.signFrom + FAR / 2 }), 'sign_from'],
        ['began long ago', (b) => record({ ...b, signFrom: b.signFrom - FAR }), 'sign_from'],
        ['is dated far ahead', (b) => record(b, seconds() + FAR), 'iat'],
        ['is dated long ago', (b) => record(b, seconds() - FAR), 'iat'],
      ])('is refused to a window that %s', async (_, input, member) => {
        const binding = await generate();
        const message = `${member} is too far from the clock of the signer`;
        expect(await sign(registry.kid, input(binding))).toEqual(refused(message));
        expect(await sign(registry.kid, record(binding))).toBeInstanceOf(Uint8Array);
      });

      it('is refused to a key that the signer does not remember making', async () => {
        const binding = await generate();
        await restart(loseState);
        const message = 'the key was not generated by this signer';
        expect(await sign(registry.kid, record(binding))).toEqual(refused(message));
        expect(await sign(registry.kid, record(await generate()))).toBeInstanceOf(Uint8Array);
      });

      it('is remembered again from a record that serves, once the state is lost', async () => {
        const key = await make();
        await restart(loseState);
        expect(await signer.ask('serve', [key])).toMatchObject([{ proven: true }]);
        const wider = { ...key.binding, maxTtlSeconds: 86_400 };
        const bound = refused('the key is bound already, by another record');
        expect(await sign(registry.kid, record(wider))).toEqual(bound);
      });

      it('is refused to a decoy, which signs nothing', async () => {
        const hsmId = newHsmId();
        const binding = await generate(canaryLabel(hsmId), hsmId);
        expect(await sign(registry.kid, record(binding))).toEqual(refused('the key is a decoy'));
        const input = signingInputOf(binding, { ...claimsOf(PAYMENTS), iat: seconds() });
        expect(await sign(binding.kid, input)).toMatchObject({ code: 'key_unproven' });
        await signer.ask('destroy', { hsmId, kid: binding.kid, bindingRecord: null });
        const ids = (await signer.ask('inventory', null)).map((object) => object.hsmId);
        expect(ids).not.toContain(hsmId);
      });
    });

    describe('time', () => {
      it.each([
        ['ahead', FAR],
        ['behind', -FAR],
      ])('is the signer’s own: nothing is signed that is dated far %s', async (_, shift) => {
        const now = seconds();
        const key = await make();
        await signer.ask('serve', [key]);
        const dated = (iat: number) =>
          signingInputOf(key.binding, { ...claimsOf(PAYMENTS), iat, exp: iat + 300 });
        const far = refused('iat is too far from the clock of the signer');
        expect(await sign(key.kid, dated(now))).toBeInstanceOf(Uint8Array);
        const outside = refused('iat is outside the signing window of the key');
        expect(await sign(key.kid, dated(now + shift))).toEqual(shift > 0 ? far : outside);
        expect(await sign(registry.kid, composeProbe(registry.kid, now + shift))).toEqual(far);
        expect(await sign(registry.kid, composeProbe(registry.kid, now))).toBeInstanceOf(Uint8Array);
        const keySet = (iat: number) => {
          const lives = DEFAULT_POLICY.jwksMaxAgeSeconds + DEFAULT_POLICY.maxStaleSeconds;
          const bounds = { iat, exp: iat + lives, version: 1 };
          const kw_policy = composePublishedPolicy(DEFAULT_POLICY);
          const claims = { iss: PAYMENTS.issuer, sub: PAYMENTS.id, ...bounds, keys: [], kw_policy };
          return signingInputOf({ kid: registry.kid, algorithm: 'ES256' }, claims, { typ: KEY_SET_TYP });
        };
        expect(await sign(registry.kid, keySet(now + shift))).toEqual(far);
        expect(await sign(registry.kid, keySet(now))).toBeInstanceOf(Uint8Array);
        const { kid, hsmId, publicJwk, bindingRecord } = key;
        const { statement } = await signer.ask('prove', {
          key: { kid, hsmId, bindingRecord },
          nonce: DIGEST,
        });
        const evidence = (iat: number) =>
          composeKeyEvidence(
            { publicJwk, proof: statement ?? '', bindingRecord, state: 'active', hsmToken: 'primary', iat },
            audit.kid,
          );
        expect(await sign(audit.kid, evidence(now + shift))).toEqual(far);
        expect(await sign(audit.kid, evidence(now))).toBeInstanceOf(Uint8Array);
        const run = {
          id: '00000000-0000-4000-8000-000000000000',
          publicKey: DIGEST,
          startedAt: now - FAR,
        };
        expect(await sign(audit.kid, composeRunCertificate(run, now + shift, audit.kid))).toEqual(far);
        expect(await sign(audit.kid, composeRunCertificate(run, now, audit.kid))).toBeInstanceOf(Uint8Array);
      });
    });

    describe('its state', () => {
      it('is refused where it is damaged, and the token is not opened', async () => {
        await make();
        await signer.stop();
        writeFileSync(join(stateFiles(), 'keys.jsonl'), '["0a",{}]\n');
        signer = startSigner(backend.environment, settings);
        expect(await signer.failing('open', signer.opening)).toMatchObject({
          code: 'invalid_config',
          remedy: 'stop',
        });
        await restart(loseState);
      });

      it.each(['keys', 'key-sets'])(
        'is refused where only an earlier version’s is there: %s',
        async (name) => {
          await make();
          await signer.stop();
          const [path, former] = [join(stateFiles(), `${name}.jsonl`), join(stateFiles(), `${name}.json`)];
          renameSync(path, former);
          signer = startSigner(backend.environment, settings);
          expect(await signer.failing('open', signer.opening)).toMatchObject({
            code: 'invalid_config',
            message: expect.stringContaining(`restore ${name}.jsonl beside it, or remove it`),
            remedy: 'stop',
          });
          await restart(() => copyFileSync(former, path));
          expect((await make()).kid).toHaveLength(43);
        },
      );

      it.each(['keys.jsonl', 'sealed.json', 'key-sets.jsonl'])('is missed by the file: %s', async (name) => {
        const missed = () => signer.logs.flatMap(({ details }) => details?.missing ?? []);
        await restart(loseState);
        await make();
        await restart();
        expect(missed()).toEqual([]);
        await restart(() => rmSync(join(stateFiles(), name)));
        expect(missed()).toEqual([name]);
      });

      it('is written by one process at a time', async () => {
        await make();
        const second = startSigner(backend.environment, settings);
        await second.open();
        expect(await second.ask('sealed', { checkpoint: null, head: null })).toEqual(await sealed());
        const made = { hsmId: newHsmId(), label: scopeLabel(PAYMENTS), algorithm: 'ES256' } as const;
        expect(await second.failing('generate', { ...made, modulusBits: null })).toMatchObject({
          code: 'hsm_unavailable',
        });
        await second.stop();
        expect((await make()).kid).toHaveLength(43);
      });
    });
  });
}

function digestOf(jws: string): Buffer {
  return jws === '' ? Buffer.alloc(32) : checkpointDigest(jws);
}
