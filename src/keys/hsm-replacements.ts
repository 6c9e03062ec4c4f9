import { z } from 'zod';
import { KeywardError } from '../kernel/errors.ts';
import { formerToken, type PublicJwk } from '../kernel/key.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import type { ServiceKey } from '../kernel/registry.ts';
import type { FormerAuditKey } from '../token/checkpoint.ts';
import { importPublicKey, thumbprint } from '../token/public-jwk.ts';
import type { OpenedKey } from './registry-key.ts';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** ES256, as all service keys are. */
const publicKey = z
  .strictObject({
    kid: z.string(),
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: coordinate,
    y: coordinate,
  })
  .refine(({ kid, ...jwk }) => kid === thumbprint(jwk), 'kid is not the thumbprint of the key');

const seconds = z.int().min(0);

const successor = z.strictObject({
  hsm_id: z.string().regex(/^[0-9a-f]{32}$/),
  public_key: publicKey,
});

const replacement = z.strictObject({
  /** When the successors were made, seconds since the epoch. */
  replaced_at: seconds,
  /** The last checkpoint that the former audit key may have signed; 0 for none. */
  last_checkpoint: seconds,
  former: z.strictObject({ registry_key: publicKey, audit_key: publicKey }),
  successors: z.strictObject({ registry_key: successor, audit_key: successor }),
});

const MOST_REPLACEMENTS = 32;

/** The first HSM tokens that were lost, each with the keys that followed those on it. */
export const replacementSection = z.array(replacement).max(MOST_REPLACEMENTS).default([]);

export type Replacement = z.infer<typeof replacement>;

/** As the configuration will read it. */
export function readReplacement(value: object): Replacement {
  return replacement.parse(value);
}

interface Replaced {
  readonly registry_key?: string | undefined;
  readonly audit_key?: string | undefined;
  readonly replacements: readonly Replacement[];
}

type Role = 'registry' | 'audit';
type Member = `${Role}_key`;
const MEMBERS: readonly Member[] = ['registry_key', 'audit_key'];

/** Each replacement must begin where the one before it ended, and the last one end at the keys in use. */
export function replacementFlaws(hsm: Replaced): readonly ValidationIssue[] {
  return hsm.replacements.flatMap(({ successors, last_checkpoint }, at) => {
    const next = hsm.replacements[at + 1];
    const flaws = MEMBERS.filter(
      (member) => successors[member].public_key.kid !== (next ? next.former[member].kid : hsm[member]),
    ).map((member) => ({ path: pathOf(at, 'successors', member), advice: 'is not in use after it' }));
    if (!next || next.last_checkpoint >= last_checkpoint) return flaws;
    return [
      ...flaws,
      { path: pathOf(at + 1, 'last_checkpoint'), advice: 'is before that of the replacement before' },
    ];
  });
}

const pathOf = (at: number, ...members: string[]) => ['hsm', 'replacements', at, ...members];

/** Former audit keys, each for the checkpoints up to its last. */
export function formerAuditKeys({ replacements }: Pick<Replaced, 'replacements'>): readonly FormerAuditKey[] {
  return replacements.map(({ former, last_checkpoint: lastCheckpoint }) => ({
    ...opened(former.audit_key),
    lastCheckpoint,
  }));
}

/** The registry keys of lost tokens by the name of the token: their binding records still count. */
export function formerRegistryKeys({ replacements }: Replaced): ReadonlyMap<string, OpenedKey> {
  return new Map(replacements.map(({ former }, at) => [formerToken(at + 1), formerKey(former.registry_key)]));
}

/** Public halves by the name of the token, for whoever verifies binding records. */
export function formerRegistryJwks({ replacements }: Replaced): ReadonlyMap<string, PublicJwk> {
  return new Map(replacements.map(({ former }, at) => [formerToken(at + 1), jwkOf(former.registry_key)]));
}

/** A key that is gone: it verifies and signs nothing. */
export function formerKey(key: Replacement['former'][Member]): OpenedKey {
  return {
    ...opened(key),
    sign: async () => {
      throw new KeywardError('hsm_unavailable', 'this key was lost with its HSM token');
    },
  };
}

/** The successor of a role as the registry stores it. */
export function successorOf(role: Role, { successors, replaced_at }: Replacement): ServiceKey {
  const { hsm_id: hsmId, public_key } = successors[`${role}_key`];
  return { role, kid: public_key.kid, hsmId, publicJwk: jwkOf(public_key), createdAt: replaced_at };
}

function opened({ kid, ...publicJwk }: Replacement['former'][Member]) {
  return { kid, publicJwk, publicKey: importPublicKey(publicJwk) };
}

function jwkOf({ kid: _, ...jwk }: Replacement['former'][Member]): PublicJwk {
  return jwk;
}
