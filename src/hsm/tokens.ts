import type { Config } from '../config.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import type { BindingRole, ServiceKey } from '../kernel/registry.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL } from '../signer/protocol.ts';

/** An HSM token as the configuration has it; what `hsm` and `hsm_tokens` have in common. */
export interface ConfiguredToken {
  readonly name: string;
  /** Its place in the configuration file, for messages. */
  readonly member: string;
  readonly settings: Omit<Config['hsm_tokens'][string], 'binding_key'>;
}

/** The first one first. */
export function tokensOf({ hsm, hsm_tokens }: Config): readonly [ConfiguredToken, ...ConfiguredToken[]] {
  return [
    { name: FIRST_TOKEN, member: 'hsm', settings: hsm },
    ...Object.entries(hsm_tokens).map(([name, settings]) => ({
      name,
      member: `hsm_tokens.${name}`,
      settings,
    })),
  ];
}

/** One of the service's own keys: where it is, and where the configuration names it. */
export interface ServiceKeyPlace {
  readonly role: ServiceKey['role'];
  readonly hsmToken: string;
  readonly label: string;
  readonly member: readonly string[];
  readonly thumbprint: string | undefined;
}

export function serviceKeysOf({ hsm, hsm_tokens }: Config): readonly ServiceKeyPlace[] {
  const first = { hsmToken: FIRST_TOKEN };
  return [
    {
      ...first,
      role: 'registry',
      label: REGISTRY_LABEL,
      member: ['hsm', 'registry_key'],
      thumbprint: hsm.registry_key,
    },
    { ...first, role: 'audit', label: AUDIT_LABEL, member: ['hsm', 'audit_key'], thumbprint: hsm.audit_key },
    ...Object.entries(hsm_tokens).map(([name, { binding_key }]) => ({
      role: bindingRole(name),
      hsmToken: name,
      label: BINDING_LABEL,
      member: ['hsm_tokens', name, 'binding_key'],
      thumbprint: binding_key,
    })),
  ];
}

export function bindingRole(hsmToken: string): BindingRole {
  return `binding:${hsmToken}`;
}
