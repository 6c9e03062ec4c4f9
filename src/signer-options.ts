import type { Config } from './config.ts';
import { FIRST_TOKEN } from './domain/hsm-token.ts';
import type { PublicJwk } from './domain/key.ts';
import type { ConfiguredToken } from './hsm-tokens.ts';
import type { ServiceKids } from './signer/protocol.ts';
import type { SignerLinkOptions } from './signer/signer-link.ts';

/** How the signer of one of this configuration's tokens is started: the same for `serve`, `init` and `doctor`. */
export function signerOptions(
  config: Config,
  { name, settings }: ConfiguredToken,
  onEvent: SignerLinkOptions['onEvent'],
  otherBindingKeys: readonly PublicJwk[] = [],
): SignerLinkOptions {
  return {
    settings: {
      modulePath: settings.module,
      tokenLabel: settings.token_label,
      tokenSerial: settings.token_serial,
      pinFile: settings.pin_file,
      latchFile: settings.latch_file,
      hardwareOnly: config.mode === 'production' && !settings.allow_software,
      sessions: settings.sessions,
      ...serviceKids(config, name),
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

function serviceKids({ hsm, hsm_tokens }: Config, name: string): ServiceKids {
  return name === FIRST_TOKEN
    ? { registryKid: hsm.registry_key ?? null, auditKid: hsm.audit_key ?? null, bindingKid: null }
    : { registryKid: null, auditKid: null, bindingKid: hsm_tokens[name]?.binding_key ?? null };
}

/** Opening logs in, which PIN stretching in the token may slow down. */
const OPEN_DEADLINE_MS = 15_000;
