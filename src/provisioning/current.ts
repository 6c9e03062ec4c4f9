import type { Algorithm, ModulusBits } from '../kernel/algorithm.ts';
import type { Action } from '../domain/client.ts';
import { type PolicyMembers, policyOf } from '../keys/policy-schema.ts';
import type { Current } from './step.ts';

/** The lists of scopes and clients as the operations plane answers them. */
export interface Listed {
  readonly scopes: readonly {
    readonly id: string;
    readonly issuer: string;
    readonly audience: string;
    readonly algorithm: Algorithm;
    readonly modulus_bits: ModulusBits | null;
    readonly hsm_token: string;
    readonly policy: PolicyMembers;
    readonly contacts: readonly string[];
  }[];
  readonly clients: readonly {
    readonly id: string;
    readonly description: string;
    readonly revoked_at: number | null;
    readonly grants: readonly { readonly scope: string; readonly action: Action }[];
  }[];
}

export function currentOf({ scopes, clients }: Listed): Current {
  return {
    scopes: scopes.map(({ modulus_bits, hsm_token, policy, ...scope }) => ({
      ...scope,
      modulusBits: modulus_bits,
      hsmToken: hsm_token,
      policy: policyOf(policy),
    })),
    clients: clients.map(({ id, description, revoked_at, grants }) => ({
      id,
      description,
      revoked: revoked_at !== null,
      grants,
    })),
  };
}
