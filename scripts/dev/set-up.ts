import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { parseCredentialFile } from '../../src/cli/credentials.ts';
import { makePin } from '../../src/kernel/credential.ts';
import { LOOPBACK, printIgnoredPorts, refuseTakenPorts } from './addresses.ts';
import { runProgram } from './child.ts';
import { writeCredentials } from './credentials.ts';
import { makeSofthsmService } from './make-softhsm-service.ts';
import { DEFAULT_PORTS, type Options } from './options.ts';
import type { Places } from './places.ts';
import { Stop, say } from './say.ts';
import { readIfThere, writeSecret } from './secret-file.ts';
import { writeSofthsmConfig } from './softhsm.ts';

const COMMAND_LINE = new URL('../../src/cli/main.ts', import.meta.url);
const CONFIG_OF_TOKEN = ['hsm', 'environment', 'SOFTHSM2_CONF'];

/**
 * Makes what is not there yet. Until the operator's credential is stored nothing made so far is of use to
 * anyone, so a set-up that was cut short begins anew.
 */
export async function setUp(places: Places, options: Options, signal: AbortSignal): Promise<void> {
  if (existsSync(places.unfinished)) {
    say('an earlier set-up was cut short: starting over');
    clear(places);
  }
  if (existsSync(places.credentials)) return keep(places, options);
  refuseOthers(places);
  await refuseTakenPorts(options);
  writeFileSync(places.unfinished, '');
  await make(places, options, signal);
  rmSync(places.unfinished);
}

export function makeDirectory(places: Places): void {
  mkdirSync(places.directory, { recursive: true, mode: 0o700 });
}

/** Everything but the lock, which is held; the marker goes last, so that this can be cut short too. */
export function clear(places: Places): void {
  writeFileSync(places.unfinished, '');
  for (const name of readdirSync(places.directory)) {
    const path = join(places.directory, name);
    if (path !== places.lock && path !== places.unfinished) rmSync(path, { recursive: true });
  }
  rmSync(places.unfinished);
}

function keep(places: Places, options: Options): void {
  say(`keeping what is in ${places.directory}`);
  printIgnoredPorts(options, places);
  writeSofthsmConfig(places);
  const document = parseDocument(readFileSync(places.config, 'utf8'));
  if (document.hasIn(CONFIG_OF_TOKEN) && document.getIn(CONFIG_OF_TOKEN) !== places.softhsmConfig) {
    say('the checkout was moved: the configuration follows');
    document.setIn(CONFIG_OF_TOKEN, places.softhsmConfig);
    writeSecret(places.config, document.toString());
  }
}

/** Whatever else lies there was not made here, and is not thrown away unasked. */
function refuseOthers(places: Places): void {
  const others = [places.config, places.database].filter((file) => existsSync(file));
  if (others.length === 0) return;
  throw new Stop(
    `${others.join(' and ')} there, but no credentials.json. Put it back, or start over: ./scripts/start --reset`,
  );
}

async function make(places: Places, options: Options, signal: AbortSignal): Promise<void> {
  say(`drawing a PIN into ${places.pin}`);
  writeSecret(places.pin, `${makePin()}\n`);
  say('making a SoftHSM token and its configuration');
  const { serial } = await makeSofthsmService(places, {
    dataPlane: { host: LOOPBACK, port: options.dataPort ?? DEFAULT_PORTS.dataPort, trustedProxies: [] },
    operationsPort: options.operationsPort ?? DEFAULT_PORTS.operationsPort,
    pinFile: places.pin,
    signal,
  });
  say(`token serial ${serial}; making the registry key and the first operator (keyward init)`);
  await runProgram(COMMAND_LINE, ['init', '--config', places.config, '--out', places.operator], { signal });
  const { credential, origin } = parseCredentialFile(readIfThere(places.operator) ?? '', places.operator);
  writeCredentials(places, { operator: credential, operations_origin: origin, scopes: {} });
  rmSync(places.operator);
}
