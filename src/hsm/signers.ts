import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { OutageWatch } from '../events/outages.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { Registry } from '../kernel/registry.ts';
import type { KeyReference, Signer, TokenInspection } from '../kernel/signer.ts';
import { formerRegistryJwks, formerRegistryKeys } from '../keys/hsm-replacements.ts';
import { type BindingKeys, createBindingKeys, type OpenedKey, openServiceKey } from '../keys/registry-key.ts';
import { Emitter } from '../lib/emitter.ts';
import type { Gauges } from '../metrics/gauges.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createSignerLink, LINK_STATES, type SignerLink } from '../signer/signer-link.ts';
import { createSignerRouter, noSuchToken } from '../signer/signer-router.ts';
import { thumbprint } from '../token/public-jwk.ts';
import type { TokenPermits } from './pin-permits.ts';
import { signerEventHandler } from './signer-events.ts';
import { bindingRole, serviceKeysOf, signerOptions, tokensOf } from './tokens.ts';

export interface Signers {
  readonly signer: Signer;
  /** By a process that has just opened that token. `unknown_hsm_token`, `hsm_unavailable`. */
  inspect(hsmToken: string, keys: readonly KeyReference[]): Promise<TokenInspection>;
  /** Tells of a token where a key was found missing or not proven. */
  readonly suspectTokens: Emitter<string>;
  /** By the token's name. */
  readonly links: ReadonlyMap<string, SignerLink>;
  /** Settles once each serves, or has found its HSM away. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** One signer process for each HSM token. */
export async function openSigners(
  config: Config,
  parts: {
    readonly registry: Pick<Registry, 'serviceKey'>;
    /** By the token's name. */
    readonly permits: ReadonlyMap<string, TokenPermits>;
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly keyRing: Parameters<typeof signerEventHandler>[0]['keyRing'];
    readonly outages: OutageWatch;
  },
): Promise<Signers> {
  const bindingKeys = await publicBindingKeys(config, parts.registry);
  const suspectTokens = new Emitter<string>();
  const links = new Map(
    tokensOf(config).map((token) => {
      const permits = parts.permits.get(token.name);
      const of = { suspectTokens, hsmToken: token.name, host: permits?.host };
      const onEvent = signerEventHandler({ ...parts, ...of });
      const options = signerOptions(config, token, onEvent, bindingKeys);
      return [token.name, createSignerLink({ ...options, permits })];
    }),
  );
  const ownKeys = serviceKeysOf(config).flatMap(({ thumbprint: kid, hsmToken }) =>
    kid === undefined ? [] : [[kid, hsmToken] as const],
  );
  return {
    signer: createSignerRouter(links, new Map(ownKeys)),
    links,
    suspectTokens,
    inspect: async (hsmToken, keys) => (links.get(hsmToken) ?? noSuchToken(links)).inspect(keys),
    start: async () => void (await Promise.all([...links.values()].map((link) => link.start()))),
    stop: async () => void (await Promise.all([...links.values()].map((link) => link.stop()))),
  };
}

/** By token. The configuration says which they are, the database what they look like. */
async function publicBindingKeys(
  config: Config,
  registry: Pick<Registry, 'serviceKey'>,
): Promise<ReadonlyMap<string, PublicJwk>> {
  const named = serviceKeysOf(config).filter(({ role }) => role !== 'audit');
  const rows = await Promise.all(
    named.map(async ({ role, hsmToken, thumbprint: kid }) => {
      const row = await registry.serviceKey(role);
      return row && thumbprint(row.publicJwk) === kid ? [[hsmToken, row.publicJwk] as const] : [];
    }),
  );
  return new Map([...rows.flat(), ...formerRegistryJwks(config.hsm)]);
}

export function signerGauges(links: ReadonlyMap<string, Pick<SignerLink, 'state' | 'queued'>>): Gauges {
  const byToken = <T>(read: (link: Pick<SignerLink, 'state' | 'queued'>) => T) =>
    Object.fromEntries([...links].map(([hsmToken, link]) => [hsmToken, read(link)]));
  return {
    signerState: () =>
      byToken((link) =>
        Object.fromEntries(LINK_STATES.map((state) => [state, link.state() === state ? 1 : 0])),
      ),
    signerQueue: () => byToken((link) => link.queued()),
  };
}

/** Whether each of the further tokens is there; their signers find out by themselves, every second. */
export function signingOf([, ...further]: Iterable<readonly [string, SignerLink]>): ReadonlyMap<
  string,
  boolean
> {
  return new Map(further.map(([name, link]) => [name, link.state() === 'ready']));
}

/** `invalid_config` where a further token has none yet, or the database has another than the configuration. */
export async function openBindingKeys(
  config: Config,
  registry: Pick<Registry, 'serviceKey'>,
  registryKey: OpenedKey,
  signer: Pick<Signer, 'sign'>,
): Promise<BindingKeys> {
  const others = new Map(formerRegistryKeys(config.hsm));
  for (const [name, { binding_key }] of Object.entries(config.hsm_tokens)) {
    const role = bindingRole(name);
    others.set(name, openServiceKey(role, await registry.serviceKey(role), binding_key, signer));
  }
  return createBindingKeys(registryKey, others);
}
