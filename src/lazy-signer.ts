import type { Config } from './config.ts';
import { KeywardError } from './domain/errors.ts';
import type { TokenSigner } from './domain/signer.ts';
import { type ConfiguredToken, tokensOf } from './hsm-tokens.ts';
import { createSignerLink, type SignerLink } from './signer/signer-link.ts';
import { signerOptions } from './signer-options.ts';

/** The HSM of a command: opened where it is first needed, since that is a login. `hsm_unavailable`. */
export interface LazySigner extends Pick<TokenSigner, 'sign' | 'generate'> {
  stop(): Promise<void>;
}

/** Of the first token, if no other is named. */
export function lazySigner(config: Config, token: ConfiguredToken = tokensOf(config)[0]): LazySigner {
  let opened: Promise<SignerLink> | undefined;
  const link = () => {
    opened ??= open(config, token);
    return opened;
  };
  return {
    sign: async (request) => (await link()).sign(request),
    generate: async (specification) => (await link()).generate(specification),
    stop: async () => {
      const started = await opened?.catch(() => undefined);
      await started?.stop();
    },
  };
}

async function open(config: Config, token: ConfiguredToken): Promise<SignerLink> {
  let why = 'the HSM did not answer';
  const link = createSignerLink(
    signerOptions(config, token, (event) => {
      if (event.type === 'away' || event.type === 'latched') why = event.why;
    }),
  );
  await link.start();
  if (link.state() === 'ready') return link;
  await link.stop();
  throw new KeywardError('hsm_unavailable', `the HSM token ${token.name} cannot be opened: ${why}`);
}
