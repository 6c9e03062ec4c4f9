import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './child.ts';
import { configText } from './config-text.ts';
import type { Places } from './places.ts';
import { writeSecret } from './secret-file.ts';
import { softhsmModule, writeSofthsmConfig } from './softhsm.ts';

export const TOKEN_LABEL = 'keyward-development';
const MAKE_TOKEN = new URL('./make-token.ts', import.meta.url);

export interface NewService {
  readonly dataPlane: {
    readonly host: string;
    readonly port: number;
    readonly trustedProxies: readonly string[];
  };
  readonly operationsPort: number;
  /** As the configuration shall name it. */
  readonly pinFile: string;
  readonly signal: AbortSignal;
}

/**
 * A SoftHSM token under the PIN in its file, and the configuration that names it. A token that no configuration
 * names holds no key, so what an earlier attempt left is thrown away.
 */
export async function makeSofthsmService(places: Places, service: NewService): Promise<{ serial: string }> {
  if (existsSync(places.config)) throw new Error(`${places.config} names a token already`);
  const module = softhsmModule();
  writeSofthsmConfig(places);
  // The folder itself may be a volume.
  for (const name of readdirSync(places.tokens)) rmSync(join(places.tokens, name), { recursive: true });
  const serial = await runProgram(MAKE_TOKEN, [module, TOKEN_LABEL, service.pinFile], {
    environment: { SOFTHSM2_CONF: places.softhsmConfig },
    signal: service.signal,
  });
  const members = {
    ...service,
    module,
    tokenLabel: TOKEN_LABEL,
    tokenSerial: serial,
    softhsmConfig: places.softhsmConfig,
  };
  writeSecret(places.config, configText(members));
  return { serial };
}
