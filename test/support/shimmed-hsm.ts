import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type Algorithm, isRsa } from '../../src/domain/algorithm.ts';
import type { PublicJwk } from '../../src/domain/key.ts';
import { scopeLabel } from '../../src/domain/scope.ts';
import type { KeyReference, KeySpecification } from '../../src/domain/signer.ts';
import { REGISTRY_LABEL, type SignerSettings } from '../../src/signer/protocol.ts';
import { createSignerLink, type SignerEvent, type SignerLink } from '../../src/signer/signer-link.ts';
import { composeBindingRecord } from '../../src/token/binding-record.ts';
import { importPublicKey } from '../../src/token/public-jwk.ts';
import { verifySignature } from '../../src/token/signature.ts';
import { composeSigningInput } from '../../src/token/signing-input.ts';
import { createShim, type Shim } from './shim.ts';
import { type SignerProcess, startSigner } from './signer-process.ts';
import { createSoftHsm, type SoftHsm } from './softhsm.ts';

/** A key of the shimmed token, bound to a scope of its own. */
export interface BoundKey {
  readonly reference: KeyReference;
  readonly publicJwk: PublicJwk;
  /** What the key may sign, another one each time. */
  signingInput(): string;
  verifies(signingInput: string, signature: Uint8Array): Promise<boolean>;
}

export interface LinkWithEvents {
  readonly link: SignerLink;
  readonly events: readonly SignerEvent[];
}

/** SoftHSM behind the shim, with a registry key, so that bound keys can be made and served. */
export interface ShimmedHsm {
  readonly shim: Shim;
  readonly softHsm: SoftHsm;
  /** With the shim as the module, and the registry's kid. */
  readonly settings: SignerSettings;
  readonly environment: Readonly<Record<string, string>>;
  makeKeys(...algorithms: readonly Algorithm[]): Promise<BoundKey[]>;
  /** The real signer process without the link, opened. */
  openSigner(changes?: Partial<SignerSettings>, execArgv?: readonly string[]): Promise<SignerProcess>;
  /** The link with short deadlines; the caller starts and stops it. */
  createLink(changes?: Partial<SignerSettings>): LinkWithEvents;
  /** As if no PIN had ever been tried. */
  forgetPinAttempts(): void;
  remove(): void;
}

const DEADLINES = { signMs: 1_000, generateMs: 20_000, openMs: 5_000 };
const HOUR = 3_600;

export async function createShimmedHsm(): Promise<ShimmedHsm> {
  const softHsm = await createSoftHsm();
  const shim = await createShim({ realModule: softHsm.settings.modulePath });
  const environment = { ...softHsm.environment, ...shim.environment };
  const bare = { ...softHsm.settings, modulePath: shim.modulePath };
  const registryKid = await makeRegistryKey(environment, bare);
  const settings = { ...bare, registryKid };

  const openSigner = async (changes: Partial<SignerSettings> = {}, execArgv: readonly string[] = []) => {
    const signer = startSigner(environment, execArgv);
    await signer.ask('open', { ...settings, ...changes });
    return signer;
  };
  return {
    shim,
    softHsm,
    settings,
    environment,
    openSigner,
    async makeKeys(...algorithms) {
      const signer = await openSigner();
      const keys: BoundKey[] = [];
      for (const algorithm of algorithms) keys.push(await makeKey(signer, registryKid, algorithm));
      await signer.stop();
      return keys;
    },
    createLink(changes = {}) {
      const events: SignerEvent[] = [];
      const link = createSignerLink({
        settings: { ...settings, ...changes },
        environment,
        deadlines: DEADLINES,
        queueLimit: 1_000,
        onEvent: (event) => events.push(event),
      });
      return { link, events };
    },
    forgetPinAttempts: () => rmSync(settings.latchFile, { force: true }),
    remove() {
      shim.remove();
      softHsm.remove();
    },
  };
}

export function specification(algorithm: Algorithm, label: string): KeySpecification {
  const modulusBits = isRsa(algorithm) ? 2048 : null;
  return { hsmId: randomBytes(16).toString('hex'), label, algorithm, modulusBits };
}

async function makeRegistryKey(
  environment: Readonly<Record<string, string>>,
  settings: SignerSettings,
): Promise<string> {
  const signer = startSigner(environment);
  await signer.ask('open', settings);
  const { kid } = await signer.ask('generate', specification('ES256', REGISTRY_LABEL));
  await signer.stop();
  return kid;
}

async function makeKey(signer: SignerProcess, registryKid: string, algorithm: Algorithm): Promise<BoundKey> {
  const id = `scope-${randomBytes(4).toString('hex')}`;
  const [issuer, audience] = ['https://login.example.com', `https://${id}.example.com`];
  const made = specification(algorithm, scopeLabel({ id, issuer, audience }));
  const { kid, publicJwk } = await signer.ask('generate', made);
  const now = Math.floor(Date.now() / 1_000);
  const binding = {
    kid,
    scope: id,
    issuer,
    audience,
    algorithm,
    hsmId: made.hsmId,
    signFrom: now - HOUR,
    signUntil: now + HOUR,
    maxTtlSeconds: HOUR,
  };
  const record = composeBindingRecord(binding, registryKid, now);
  const [signature] = await signer.ask('sign', [[registryKid, record]]);
  if (!(signature instanceof Uint8Array)) throw new Error(`no binding record: ${signature?.message}`);
  const publicKey = importPublicKey(publicJwk);
  let tokens = 0;
  return {
    reference: {
      kid,
      hsmId: made.hsmId,
      bindingRecord: `${record}.${Buffer.from(signature).toString('base64url')}`,
    },
    publicJwk,
    signingInput() {
      const claims = { iss: issuer, aud: audience, iat: now, exp: now + 300, jti: String(tokens++) };
      return composeSigningInput({ alg: algorithm, typ: 'at+jwt', kid }, JSON.stringify(claims));
    },
    verifies: (signingInput, given) => verifySignature(algorithm, publicKey, signingInput, given),
  };
}
