import type { Config } from './config.ts';
import { KeywardError } from './kernel/errors.ts';
import type { TokenSigner } from './kernel/signer.ts';
import { type ConfiguredToken, tokensOf } from './hsm/tokens.ts';
import { createSignerLink, type SignerLink } from './signer/signer-link.ts';
import { signerOptions } from './signer-options.ts';

/** The HSM of a command: opened where it is first needed, since that is a login. `hsm_unavailable`. */
export interface LazySigner extends Pick<TokenSigner, 'sign' | 'generate' | 'inventory' | 'sealed'> {
  stop(): Promise<void>;
}

/** Of the first token, if no other is named. `newKeys`: it holds none of the service's own keys yet. */
export function lazySigner(
  config: Config,
  { token = tokensOf(config)[0], newKeys = false }: { token?: ConfiguredToken; newKeys?: boolean } = {},
): LazySigner {
  let opened: Promise<SignerLink> | undefined;
  const link = () => {
    opened ??= open(config, token, newKeys);
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

async function open(config: Config, token: ConfiguredToken, newKeys: boolean): Promise<SignerLink> {
  let why = 'the HSM did not answer';
  const options = signerOptions(config, token, (event) => {
    if (event.type === 'away' || event.type === 'latched') why = event.why;
  });
  const link = createSignerLink({ ...options, newKeys });
  await link.start();
  if (link.state() === 'ready') return link;
  await link.stop();
  throw new KeywardError('hsm_unavailable', `the HSM token ${token.name} cannot be opened: ${why}`);
}
