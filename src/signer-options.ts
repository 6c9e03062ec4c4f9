import type { Config } from './config.ts';
import { FIRST_TOKEN } from './domain/hsm-token.ts';
import type { PublicJwk } from './kernel/key.ts';
import type { ConfiguredToken } from './hsm/tokens.ts';
import type { SignerLinkOptions } from './signer/signer-link.ts';

/**
 * How the signer of one of this configuration's tokens is started: the same for `serve`, `init` and `doctor`. It
 * reads module, PIN file and all else from the configuration file by itself.
 */
export function signerOptions(
  config: Config,
  { name, settings }: ConfiguredToken,
  onEvent: SignerLinkOptions['onEvent'],
  otherBindingKeys: readonly PublicJwk[] = [],
): SignerLinkOptions {
  return {
    settingsFile: config.file,
    hsmToken: name,
    opening: {
      sessions: settings.sessions,
      otherBindingKeys: name === FIRST_TOKEN ? otherBindingKeys : [],
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

/** Opening logs in, which PIN stretching in the token may slow down. */
const OPEN_DEADLINE_MS = 15_000;
