import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { KeywardError } from '../kernel/errors.ts';
import { serveSigner } from '../serve-signer.ts';
import { absentOnHost, type HostSettings, readHostSettings } from '../signer/host/settings.ts';
import { clearLatch, readLatch } from '../signer/pin-latch.ts';
import type { Context } from './context.ts';
import { usageFailure } from './failure.ts';
import { showPlainly } from './show.ts';

/** Not that of the service, which KEYWARD_CONFIG names. */
const DEFAULT_FILE = '/etc/keyward-signer/signer.yaml';

function settingsOf({ options }: Context): HostSettings {
  return readHostSettings(options.config ?? DEFAULT_FILE);
}

/** Returns once it has stopped. */
export async function signerRun(context: Context): Promise<void> {
  await serveSigner(settingsOf(context), context.environment);
}

export async function signerCheck(context: Context): Promise<void> {
  const settings = settingsOf(context);
  const { file } = settings;
  const absent = await absentOnHost(settings);
  if (absent.length > 0) throw new KeywardError('invalid_config', `${file}: ${absent.join('; ')}`);
  showPlainly(context, { ok: true, file }, () => `${file} is right`);
}

export function signerClearLatch(context: Context, token: string): void {
  const { tokens } = settingsOf(context);
  const named = tokens.get(token);
  if (!named)
    throw usageFailure(`there is no HSM token ${token}; use one of ${[...tokens.keys()].join(', ')}`);
  requireOwner(named.latch_file);
  const { state } = readLatch(named.latch_file);
  clearLatch(named.latch_file);
  showPlainly(
    context,
    { token, was: state },
    () => `The PIN of ${token} may be tried once more; the latch was ${state}.`,
  );
}

/**
 * A latch or its lock that belongs to another user would keep the signer from its PIN for good; where there is neither
 * yet, they would be this user's.
 */
function requireOwner(latchFile: string): void {
  const there = [latchFile, `${latchFile}.lock`].filter((file) => existsSync(file));
  for (const path of there.length > 0 ? there : [dirname(latchFile)]) {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status || status.uid === process.geteuid?.()) continue;
    throw new KeywardError('invalid_config', `${path} belongs to user ${status.uid}: run this as that user`);
  }
}
