import type { Config } from '../config.ts';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN, type PublicJwk } from '../kernel/key.ts';
import type { BindingRole, ServiceKey } from '../kernel/registry.ts';
import type { TokenSigner } from '../kernel/signer.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL } from '../signer/protocol.ts';
import { createSignerLink, type SignerLink, type SignerLinkOptions } from '../signer/signer-link.ts';
import type { TokenPermits } from './pin-permits.ts';

/** An HSM token as the configuration has it; what `hsm` and `hsm_tokens` have in common. */
export interface ConfiguredToken {
  readonly name: string;
  /** Its place in the configuration file, for messages. */
  readonly member: string;
  readonly settings: Config['hsm'] | Config['hsm_tokens'][string];
}

/** One whose signer is a child of the service. */
export type ForkedToken = Omit<ConfiguredToken, 'settings'> & {
  readonly settings: Extract<ConfiguredToken['settings'], { signer?: undefined }>;
};

export function isForked(token: ConfiguredToken): token is ForkedToken {
  return token.settings.signer === undefined;
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

/**
 * How the signer of one of this configuration's tokens is started: the same for `serve`, `init` and `doctor`. A child
 * reads module, PIN file and all else from the configuration file, and the variables before it, by itself; a signer
 * that runs by itself has a file of its own.
 */
export function signerOptions(
  config: Config,
  { name, settings }: ConfiguredToken,
  onEvent: SignerLinkOptions['onEvent'],
  bindingKeys: ReadonlyMap<string, PublicJwk> = new Map(),
): SignerLinkOptions {
  return {
    remote: settings.signer,
    settingsFile: config.file,
    hsmToken: name,
    variables: signerVariables(config.variables),
    opening: {
      sessions: settings.sessions,
      otherBindingKeys: [...bindingKeys].flatMap(([hsmToken, jwk]) => (hsmToken === name ? [] : [jwk])),
    },
    environment: settings.environment,
    deadlines: {
      signMs: settings.deadline_ms,
      generateMs: settings.generate_deadline_ms,
      openMs: OPEN_DEADLINE_MS,
    },
    queueLimit: config.limits.queued_signatures,
    onEvent,
  };
}

const OF_SIGNER = /^KEYWARD_(?:MODE$|HSM__(?!ENVIRONMENT$))/;

/** Not all of them: arguments of a process can be read by others. The module's environment is that of the process. */
export function signerVariables(variables: Config['variables']): Config['variables'] {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => OF_SIGNER.test(name)));
}

/** Opening logs in, which PIN stretching in the token may slow down. */
const OPEN_DEADLINE_MS = 15_000;

/** Of a command, which tries PINs beside the fronts. */
export interface CommandPermits {
  /** Undefined where no other host tries the PIN of that token. */
  of(token: ConfiguredToken): TokenPermits | undefined;
  /** Once nothing is tried any more. */
  close(): Promise<void>;
}

/** The HSM of a command: opened where it is first needed, since that is a login. `hsm_unavailable`. */
export interface LazySigner extends Pick<TokenSigner, 'sign' | 'generate' | 'inventory' | 'sealed'> {
  stop(): Promise<void>;
}

/** `permits`: asked before the login. Of the first token, if no other is named. `newKeys`: it holds none of the service's own keys yet. */
export function lazySigner(
  config: Config,
  permits: Pick<CommandPermits, 'of'>,
  { token = tokensOf(config)[0], newKeys = false }: { token?: ConfiguredToken; newKeys?: boolean } = {},
): LazySigner {
  let opened: Promise<SignerLink> | undefined;
  const link = () => {
    opened ??= open(config, token, { newKeys, permits: permits.of(token) });
    return opened;
  };
  return {
    sign: async (request) => (await link()).sign(request),
    generate: async (specification) => (await link()).generate(specification),
    inventory: async () => (await link()).inventory(),
    sealed: async (shown) => (await link()).sealed(shown),
    stop: async () => {
      const started = await opened?.catch(() => undefined);
      await started?.stop();
    },
  };
}

async function open(
  config: Config,
  token: ConfiguredToken,
  more: Pick<SignerLinkOptions, 'newKeys' | 'permits'>,
): Promise<SignerLink> {
  let why = 'the HSM did not answer';
  const options = signerOptions(config, token, (event) => {
    if (event.type === 'away' || event.type === 'latched') why = event.why;
  });
  const link = createSignerLink({ ...options, ...more });
  await link.start();
  if (link.state() === 'ready') return link;
  await link.stop();
  throw new KeywardError('hsm_unavailable', `the HSM token ${token.name} cannot be opened: ${why}`);
}
