import type { Config } from './config.ts';
import { KeywardError } from './domain/errors.ts';
import type { Signer } from './domain/signer.ts';
import { createSignerLink, type SignerLink } from './signer/signer-link.ts';
import { signerOptions } from './signer-options.ts';

/** The HSM of a command: opened where it is first needed, since that is a login. `hsm_unavailable`. */
export interface LazySigner extends Pick<Signer, 'sign' | 'generate'> {
  stop(): Promise<void>;
}

export function lazySigner(config: Config): LazySigner {
  let opened: Promise<SignerLink> | undefined;
  const link = () => {
    opened ??= open(config);
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

async function open(config: Config): Promise<SignerLink> {
  let why = 'the HSM did not answer';
  const link = createSignerLink(
    signerOptions(config, (event) => {
      if (event.type === 'away' || event.type === 'latched') why = event.why;
    }),
  );
  await link.start();
  if (link.state() === 'ready') return link;
  await link.stop();
  throw new KeywardError('hsm_unavailable', `the HSM cannot be opened: ${why}`);
}
