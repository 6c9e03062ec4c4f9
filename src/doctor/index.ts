import { checkPersons } from '../access/check.ts';
import { type Config, loadConfig } from '../config.ts';
import { type ConfiguredToken, isForked, tokensOf } from '../hsm/tokens.ts';
import { KeywardError } from '../kernel/errors.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import { type Finding, fail, ok } from '../lib/finding.ts';
import { checkNotifications } from '../notifications/check.ts';
import { checkProbes } from '../probes/check.ts';
import { askService } from './ask-service.ts';
import { checkArchive } from './check-archive.ts';
import { checkDatabase, checkTrail } from './check-database.ts';
import { checkClock, checkCoreDumps, checkFiles, checkMode, checkSinks, checkTracing } from './check-host.ts';
import { checkListeners } from './check-listeners.ts';
import { checkBefore, checkSuccession, checkToken } from './check-token.ts';

interface Examination {
  readonly configFile: string;
  /** Logs in to the HSM even while the service runs. */
  readonly openToken: boolean;
}

/** Looks at everything the service stands on. It changes nothing; where no service runs, it makes trial keys and destroys them. */
export async function examine({ configFile, openToken }: Examination): Promise<readonly Finding[]> {
  // First thing: this process takes the same measures as those that hold secrets (I8).
  const coreDumps = checkCoreDumps();
  const config = configurationOf(configFile);
  if (!('hsm' in config)) return [config, ...coreDumps];
  return [
    checkMode(config),
    await checkPersons(config),
    ...checkFiles(config),
    ...(await checkHsm(config, openToken)),
    ...(await checkDatabase(config)),
    ...(await checkTrail(config)),
    ...(await checkArchive(config)),
    ...(await checkSuccession(config)),
    checkSinks(config),
    ...checkListeners(config),
    ...(await checkNotifications(config.notifications)),
    ...(await checkProbes(config)),
    ...(await checkTracing(config)),
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
 * asked first, and the tokens are opened only where none runs, or when told to. A signer that runs by itself takes
 * one front at a time: that of the service.
 */
async function checkHsm(config: Config, openToken: boolean): Promise<readonly Finding[]> {
  const service = await askService(config);
  const findings: Finding[] = [
    ...(service ?? [ok('service', 'not running: each HSM token is opened directly')]),
  ];
  for (const token of tokensOf(config)) {
    const before = await checkBefore(config, token);
    const isOpened = !service || (openToken && isForked(token));
    const opened = isOpened ? await open(config, token, before, !service) : [];
    findings.push(...[...before, ...opened].map((finding) => ofToken(token, finding)));
  }
  return findings;
}

async function open(
  config: Config,
  token: ConfiguredToken,
  before: readonly Finding[],
  makesTrialKeys: boolean,
): Promise<readonly Finding[]> {
  if (before.every(({ level }) => level === 'ok')) return checkToken(config, token, { makesTrialKeys });
  return [fail('token', 'not opened: no PIN is tried before the above is well', 'mend the above')];
}

/** What is found of a further token says which one. */
function ofToken({ name }: ConfiguredToken, finding: Finding): Finding {
  return name === FIRST_TOKEN ? finding : { ...finding, check: `${finding.check}: ${name}` };
}
