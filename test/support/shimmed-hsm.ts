import { rmSync } from 'node:fs';
import { type Algorithm, isRsa } from '../../src/kernel/algorithm.ts';
import type { PublicJwk } from '../../src/kernel/key.ts';
import { scopeLabel } from '../../src/kernel/scope.ts';
import type { KeyReference, KeySpecification } from '../../src/kernel/signer.ts';
import { type Host, startHost } from '../../src/signer/host/host.ts';
import { readHostSettings } from '../../src/signer/host/settings.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { createSignerLink, type SignerEvent, type SignerLink } from '../../src/signer/signer-link.ts';
import { importPublicKey } from '../../src/token/public-jwk.ts';
import { verifySignature } from '../../src/token/signature.ts';
import {
  claimsOf,
  makeRegistryKey,
  newHsmId,
  PAYMENTS,
  type Provisioned,
  provision,
  signingInputOf,
} from './provisioned-token.ts';
import { createShim, type Shim } from './shim.ts';
import { type SignerProcess, startSigner } from './signer-process.ts';
import { signerOf, writeSignerFile } from './signer-settings.ts';
import { createSoftHsm, type SoftHsm } from './softhsm.ts';

/** A key of the shimmed token with its binding record. */
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

const DEADLINES = { signMs: 2_000, generateMs: 20_000, openMs: 15_000 };

/** `isRemote`: its links reach a signer that runs by itself, in this process. */
export async function createShimmedHsm({ isRemote = false } = {}): Promise<ShimmedHsm> {
  const softHsm = await createSoftHsm();
  const shim = await createShim({ realModule: softHsm.settings.modulePath });
  const environment = { ...softHsm.environment, ...shim.environment };
  const bare = { ...softHsm.settings, modulePath: shim.modulePath };
  const { kid: registryKid } = await makeRegistryKey(environment, bare);
  const settings = { ...bare, registryKid };
  const hosts: Promise<Host>[] = [];
  // The link tries again until it listens.
  const remoteOver = (changed: SignerSettings, given: Readonly<Record<string, string>>) => {
    const { file, socket } = writeSignerFile(changed, given);
    hosts.push(startHost({ settings: readHostSettings(file), log: () => {} }));
    return { socket, user: String(process.getuid?.()) };
  };

  const openSigner = async (changes: Partial<SignerSettings> = {}, execArgv: readonly string[] = []) => {
    const signer = startSigner(environment, { ...settings, ...changes }, execArgv);
    await signer.open();
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
      for (const algorithm of algorithms) {
        keys.push(boundKey(await provision(signer, registryKid, PAYMENTS, algorithm)));
      }
      await signer.stop();
      return keys;
    },
    createLink(changes = {}) {
      const events: SignerEvent[] = [];
      const changed = { ...settings, ...changes };
      const link = createSignerLink({
        ...signerOf(changed),
        ...(isRemote ? { remote: remoteOver(changed, environment) } : {}),
        environment,
        deadlines: DEADLINES,
        queueLimit: 1_000,
        onEvent: (event) => events.push(event),
      });
      return { link, events };
    },
    forgetPinAttempts: () => rmSync(settings.latchFile, { force: true }),
    remove() {
      for (const host of hosts) void host.then((started) => started.close());
      shim.remove();
      softHsm.remove();
    },
  };
}

/** Of a key that is yet to be made. */
export function specification(algorithm: Algorithm, label = scopeLabel(PAYMENTS)): KeySpecification {
  return { hsmId: newHsmId(), label, algorithm, modulusBits: isRsa(algorithm) ? 2048 : null };
}

function boundKey({ kid, hsmId, bindingRecord, publicJwk, binding }: Provisioned): BoundKey {
  const publicKey = importPublicKey(publicJwk);
  let tokens = 0;
  return {
    reference: { kid, hsmId, bindingRecord },
    publicJwk,
    signingInput: () => signingInputOf(binding, { ...claimsOf(binding), jti: String(tokens++) }),
    verifies: (signingInput, given) => verifySignature(binding.algorithm, publicKey, signingInput, given),
  };
}
