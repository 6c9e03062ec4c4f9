import { once } from 'node:events';
import type { Environment } from './config-environment.ts';
import { refuseRevealingFlags } from './hsm/production.ts';
import { createLogger } from './server/logger.ts';
import { startHost } from './signer/host/host.ts';
import type { HostSettings } from './signer/host/settings.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';

/** `keyward signer`: a signer that runs by itself, until SIGTERM or SIGINT. */
export async function serveSigner(settings: HostSettings, { nodeOptions }: Environment): Promise<void> {
  const coreDumps = forbidCoreDumps();
  refuseRevealingFlags(settings, process.execArgv, nodeOptions);
  const log = createLogger({ level: 'info' });
  const stopping = Promise.race(['SIGTERM', 'SIGINT'].map((signal) => once(process, signal)));
  log.info({ mode: settings.mode, config: settings.file }, 'signer starts');
  if (!coreDumps.ok) log.error({ problems: coreDumps.problems }, 'core dumps could not be ruled out');
  if (settings.unnamed.length > 0) log.warn({ hsm_tokens: settings.unnamed }, UNNAMED);
  process.on('SIGHUP', () => log.info('SIGHUP: each process reads the file anew; the rest takes a restart'));
  const host = await startHost({
    settings,
    log: (level, message, details) => log[level]({ signer: details }, message),
  });
  log.info({ socket: settings.socket, front_user: settings.frontUser }, 'signer listens');
  await stopping;
  await host.close();
  log.info('signer stopped');
}

const UNNAMED =
  'the file does not name the service’s own keys on these tokens: after keyward init, copy their thumbprints into it';
