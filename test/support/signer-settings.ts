import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FIRST_TOKEN } from '../../src/kernel/key.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import type { SignerLinkOptions } from '../../src/signer/signer-link.ts';

/** The settings as a file beside the latch, for the signer of the first token or, with a binding key, of another. */
export function writeSettings(settings: SignerSettings): readonly [file: string, hsmToken: string] {
  const file = join(dirname(settings.latchFile), `signer-${randomUUID()}.json`);
  const { registryKid, auditKid, bindingKid, otherBindingKids } = settings;
  const token = sectionOf(settings);
  const others = otherBindingKids.map((kid, at) => [`other-${at}`, { ...token, binding_key: kid }]);
  const content = {
    mode: settings.hardwareOnly ? 'production' : 'development',
    hsm: {
      ...token,
      ...(registryKid === null ? {} : { registry_key: registryKid }),
      ...(auditKid === null ? {} : { audit_key: auditKid }),
    },
    hsm_tokens: {
      ...Object.fromEntries(others),
      ...(bindingKid === null ? {} : { further: { ...token, binding_key: bindingKid } }),
    },
  };
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return [file, bindingKid === null ? FIRST_TOKEN : 'further'];
}

function sectionOf(settings: SignerSettings) {
  return {
    module: settings.modulePath,
    token_label: settings.tokenLabel,
    token_serial: settings.tokenSerial,
    pin_file: settings.pinFile,
    latch_file: settings.latchFile,
    state_dir: settings.stateDir,
    clock_skew_seconds: settings.clockSkewSeconds,
    sessions: settings.sessions,
  };
}

/** The file of a signer that runs by itself, for a front of this user. */
export function writeSignerFile(
  settings: SignerSettings,
  environment: Readonly<Record<string, string>>,
  frontUser = process.getuid?.(),
): { readonly file: string; readonly socket: string } {
  const folder = dirname(settings.latchFile);
  const run = join(folder, `run-${randomUUID()}`);
  mkdirSync(run, { mode: 0o750 });
  const [file, socket] = [join(folder, `signer-${randomUUID()}.yaml`), join(run, 'signer.sock')];
  const { registryKid, auditKid } = settings;
  const hsm = {
    ...sectionOf(settings),
    environment,
    ...(registryKid === null ? {} : { registry_key: registryKid }),
    ...(auditKid === null ? {} : { audit_key: auditKid }),
  };
  writeFileSync(file, JSON.stringify({ socket, front_user: String(frontUser), hsm }), { mode: 0o600 });
  return { file, socket };
}

/** The part of the link's options that says which signer, and how it is opened. */
export function signerOf(
  settings: SignerSettings,
): Pick<SignerLinkOptions, 'settingsFile' | 'hsmToken' | 'opening'> {
  const [settingsFile, hsmToken] = writeSettings(settings);
  return { settingsFile, hsmToken, opening: { sessions: settings.sessions, otherBindingKeys: [] } };
}
