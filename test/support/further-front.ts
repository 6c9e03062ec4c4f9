import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { DATABASE_URL } from './initialised.ts';
import { type Launch, type RunningService, serveOn } from './running-service.ts';

/**
 * Another front of the service, as on another host: it shares the database and the HSM, and no file. Removed with it.
 * `url`: its own way to the database.
 */
export function furtherFront(first: RunningService, url?: string, launch?: Launch): Promise<RunningService> {
  const folder = mkdtempSync(join(first.hsm.folder, 'front-'));
  const config = parse(readFileSync(first.configFile, 'utf8'));
  config.database.url_file = resolve(first.hsm.folder, config.database.url_file);
  if (url !== undefined) {
    config.database.url_file = join(folder, DATABASE_URL);
    writeFileSync(config.database.url_file, url, { mode: 0o600 });
  }
  const { SOFTHSM2_CONF } = config.hsm.environment;
  config.hsm.environment.SOFTHSM2_CONF = join(folder, 'softhsm2.conf');
  copyFileSync(SOFTHSM2_CONF, config.hsm.environment.SOFTHSM2_CONF);
  const files = { pinFile: join(folder, 'pin'), latchFile: join(folder, 'pin-latch.json') };
  copyFileSync(resolve(first.hsm.folder, config.hsm.pin_file), files.pinFile);
  Object.assign(config.hsm, { pin_file: files.pinFile, latch_file: files.latchFile });
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, stringify(config), { mode: 0o600 });
  const settings = { ...first.hsm.settings, ...files };
  const hsm = { ...first.hsm, settings, folder, remove: () => {} };
  return serveOn({ ...first, configFile, hsm }, launch);
}
