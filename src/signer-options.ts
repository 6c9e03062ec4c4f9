import type { Config } from './config.ts';
import type { SignerLinkOptions } from './signer/signer-link.ts';

/** How this configuration's signer is started: the same for `serve`, `init` and `doctor`. */
export function signerOptions(
  { hsm, limits }: Config,
  onEvent: SignerLinkOptions['onEvent'],
): SignerLinkOptions {
  return {
    settings: {
      modulePath: hsm.module,
      tokenLabel: hsm.token_label,
      tokenSerial: hsm.token_serial,
      pinFile: hsm.pin_file,
      latchFile: hsm.latch_file,
      sessions: hsm.sessions,
      registryKid: hsm.registry_key ?? null,
      auditKid: hsm.audit_key ?? null,
    },
    environment: hsm.environment,
    deadlines: { signMs: hsm.deadline_ms, generateMs: hsm.generate_deadline_ms, openMs: OPEN_DEADLINE_MS },
    queueLimit: limits.queued_signatures,
    onEvent,
  };
}

/** Opening logs in, which PIN stretching in the token may slow down. */
const OPEN_DEADLINE_MS = 15_000;
