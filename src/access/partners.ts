import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { CredentialKind } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';

interface PartnerKeys {
  readonly name: string;
  /** Public keys in PEM, by their ids. */
  readonly keys: Readonly<Record<string, string>>;
}

/** Knows who signs reports of leaks. `invalid_config` for what is no P-256 key, or an id that two have. */
export function createLeakPartners(partners: readonly PartnerKeys[]): LeakPartners {
  const byId = new Map<string, { name: string; publicKey: KeyObject }>();
  for (const { name, keys } of partners) {
    for (const [id, pem] of Object.entries(keys)) {
      if (byId.has(id)) throw wrong(name, id, 'has the id of another');
      byId.set(id, { name, publicKey: publicKeyIn(pem, name, id) });
    }
  }
  return {
    knows: (keyId) => byId.has(keyId),
    partnerOf({ keyId, signature, body }) {
      const partner = byId.get(keyId);
      const right = partner && verify('sha256', body, partner.publicKey, Buffer.from(signature, 'base64'));
      return right ? partner.name : undefined;
    },
  };
}

function publicKeyIn(pem: string, name: string, id: string): KeyObject {
  if (pem.includes('PRIVATE')) throw wrong(name, id, 'is a private key: name the public one');
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch (cause) {
    throw wrong(name, id, 'is no public key in PEM', cause);
  }
  throw wrong(name, id, 'is no key on the curve P-256');
}

function wrong(name: string, id: string, flaw: string, cause?: unknown): KeywardError {
  return new KeywardError('invalid_config', `leaks.partners: key ${id} of ${name} ${flaw}`, { cause });
}

/** Who holds a credential, in memory. */
export interface CredentialHolders {
  /** Also of one that was replaced or revoked. */
  holderOf(digest: Buffer):
    | {
        readonly kind: CredentialKind;
        readonly id: string;
        readonly opens: boolean;
        readonly scopes: readonly string[];
      }
    | undefined;
}

/** Who may report leaks without a credential: they sign what they send. */
export interface LeakPartners {
  /** Whether a partner has a key of that id: only then is a body worth reading. */
  knows(keyId: string): boolean;
  /** The partner whose key signed the body, ECDSA with P-256 and SHA-256; undefined for anybody else. */
  partnerOf(signed: {
    readonly keyId: string;
    /** DER, base64. */
    readonly signature: string;
    readonly body: Buffer;
  }): string | undefined;
}
