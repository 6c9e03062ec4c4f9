import { type Config, loadConfig } from './config.ts';
import { askService } from './doctor/ask-service.ts';
import { checkClock } from './doctor/check-clock.ts';
import { checkCoreDumps } from './doctor/check-core-dumps.ts';
import { checkDatabase } from './doctor/check-database.ts';
import { checkFiles } from './doctor/check-files.ts';
import { checkListeners } from './doctor/check-listeners.ts';
import { checkMode } from './doctor/check-mode.ts';
import { checkModule } from './doctor/check-module.ts';
import { checkLatch, checkPinFile } from './doctor/check-pin.ts';
import { checkToken } from './doctor/check-token.ts';
import { type Finding, fail, ok } from './doctor/finding.ts';
import { KeywardError } from './domain/errors.ts';

export type { Finding } from './doctor/finding.ts';

export interface Examination {
  readonly configFile: string;
  /** Logs in to the HSM even while the service runs. */
  readonly openToken: boolean;
}

/** Looks at everything the service stands on, and changes nothing. */
export async function examine({ configFile, openToken }: Examination): Promise<readonly Finding[]> {
  // First thing: this process takes the same measures as those that hold secrets (I8).
  const coreDumps = checkCoreDumps();
  const config = configurationOf(configFile);
  if (!('hsm' in config)) return [config, ...coreDumps];
  const beforeLogin = [checkModule(config), checkPinFile(config), checkLatch(config)];
  return [
    checkMode(config),
    ...checkFiles(config),
    ...beforeLogin,
    ...(await checkHsm(config, beforeLogin, openToken)),
    ...checkDatabase(config),
    ...checkListeners(config),
    ...coreDumps,
    ...(await checkClock(config)),
  ];
}

function configurationOf(file: string): Config | Finding {
  try {
    return loadConfig(file);
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    return fail('configuration', error.message, 'mend the file');
  }
}

/**
 * A login is a use of the PIN, and one beside a running service's own could confuse the latch: so the service is
 * asked first, and the token is opened only where none runs, or when told to.
 */
async function checkHsm(
  config: Config,
  beforeLogin: readonly Finding[],
  openToken: boolean,
): Promise<readonly Finding[]> {
  const service = await askService(config);
  if (service && !openToken) return service;
  const findings = service ?? [ok('service', 'not running: the token is opened directly')];
  if (beforeLogin.every(({ level }) => level === 'ok')) return [...findings, ...(await checkToken(config))];
  return [
    ...findings,
    fail('token', 'not opened: no PIN is tried before the above is well', 'mend the above'),
  ];
}
