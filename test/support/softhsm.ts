import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePin } from '../../src/kernel/credential.ts';
import type { SignerSettings } from '../../src/signer/settings.ts';
import { CODE_CACHE } from './service-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const SOFTHSM_MODULE =
  ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find(existsSync) ??
  'libsofthsm2.so';

const CHILD = fileURLToPath(new URL('softhsm-token-child.ts', import.meta.url));

/** A SoftHSM token of its own in a temporary folder. */
export interface SoftHsm {
  readonly folder: string;
  /** Where its objects lie as files. */
  readonly tokenFolder: string;
  readonly pin: string;
  readonly environment: Readonly<Record<string, string>>;
  /** To open it with, without a registry key. */
  readonly settings: SignerSettings;
  remove(): void;
}

export async function createSoftHsm(label = 'keyward-test'): Promise<SoftHsm> {
  const { path: folder, remove } = temporaryFolder();
  const tokenFolder = join(folder, 'tokens');
  const pinFile = join(folder, 'pin');
  const pin = makePin();
  mkdirSync(tokenFolder);
  const environment = configureSoftHsm(folder, tokenFolder);
  writeFileSync(pinFile, `${pin}\n`, { mode: 0o600 });
  const tokenSerial = await makeToken(environment, { modulePath: SOFTHSM_MODULE, label, pin });
  const settings: SignerSettings = {
    modulePath: SOFTHSM_MODULE,
    tokenLabel: label,
    tokenSerial,
    pinFile,
    latchFile: join(folder, 'pin-latch.json'),
    stateDir: join(folder, 'signer-state'),
    clockSkewSeconds: 3_600,
    serviceKeys: ['registryKid', 'auditKid'],
    hardwareOnly: false,
    sessions: 4,
    registryKid: null,
    auditKid: null,
    bindingKid: null,
    otherBindingKids: [],
  };
  return { folder, tokenFolder, pin, environment, settings, remove };
}

/** What somebody has who copied the token as it is now, and the PIN. */
export function copySoftHsm(hsm: SoftHsm): SoftHsm {
  const { path: folder, remove } = temporaryFolder();
  const tokenFolder = join(folder, 'tokens');
  cpSync(hsm.tokenFolder, tokenFolder, { recursive: true });
  return { ...hsm, folder, tokenFolder, environment: configureSoftHsm(folder, tokenFolder), remove };
}

function configureSoftHsm(folder: string, tokenFolder: string): SoftHsm['environment'] {
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(configuration, `directories.tokendir = ${tokenFolder}\nobjectstore.backend = file\n`);
  // A signer has no environment but that of its HSM token.
  return { SOFTHSM2_CONF: configuration, ...CODE_CACHE };
}

/** In a process of its own: SoftHSM reads its configuration once a process. */
export async function makeToken(
  environment: Readonly<Record<string, string>>,
  token: { modulePath: string; label: string; pin: string },
): Promise<string> {
  const child = fork(CHILD, { execArgv: [], env: { ...environment } });
  child.send(token);
  const [answer] = (await once(child, 'message')) as [{ serial?: string; refused?: string }];
  await once(child, 'exit');
  if (answer.serial === undefined) throw new Error(answer.refused);
  return answer.serial;
}
