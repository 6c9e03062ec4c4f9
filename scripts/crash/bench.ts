import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { journalsOf } from '../../test/support/power-loss.ts';
import { startService } from '../../test/support/running-service.ts';

export const SCOPE = 'payments';
export const BYSTANDER = 'bystander';

// Not under a shared temporary directory: what lies here is loaded into a process.
const CODE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/keyward-crash', import.meta.url));

/** A token, a database and credentials, for one front after another. */
export interface Bench {
  readonly folder: string;
  readonly configFile: string;
  readonly databaseFile: string;
  readonly sinkFile: string;
  readonly credentials: { readonly sign: string; readonly verify: string; readonly operator: string };
  /** Compiled code, so that a front starts in half the time. */
  readonly codeCache: string;
  remove(): void;
}

export async function prepareBench(): Promise<Bench> {
  const service = await startService({
    config: { audit: { checkpoint_seconds: 1 }, clock: { settle_seconds: 0 } },
  });
  try {
    const { hsm, configFile, operator } = service;
    const clients = await service.provision({ id: SCOPE });
    await service.operations('POST', '/v1/admin/clients', { id: BYSTANDER, description: 'comes and goes' });
    await service.stop();
    cacheCodeOfSigner(configFile);
    return {
      folder: hsm.folder,
      configFile,
      databaseFile: join(hsm.folder, 'keyward.db'),
      sinkFile: join(hsm.folder, 'audit.jsonl'),
      credentials: { ...clients, operator },
      codeCache: CODE_CACHE,
      remove() {
        hsm.remove();
        rmSync(journalsOf(hsm.folder), { recursive: true, force: true });
      },
    };
  } catch (error) {
    await service.remove();
    throw error;
  }
}

/** The signer's environment is what the configuration says, and nothing else. */
function cacheCodeOfSigner(configFile: string): void {
  const config = parse(readFileSync(configFile, 'utf8'));
  config.hsm.environment.NODE_COMPILE_CACHE = CODE_CACHE;
  writeFileSync(configFile, stringify(config));
}
