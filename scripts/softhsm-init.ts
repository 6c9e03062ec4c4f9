// The program behind softhsm/init: each step is left out where its result is there.
import { existsSync, rmSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeConfig } from '../src/hsm/service-keys.ts';
import { runProgram } from './dev/child.ts';
import { makeSofthsmService } from './dev/make-softhsm-service.ts';
import { placesIn } from './dev/places.ts';
import { Stop, say } from './dev/say.ts';
import { makeDirectory } from './dev/set-up.ts';

const USAGE = `Usage: softhsm/init --directory <path> --pin-file <path> [options]

Options:
  --host <address>          the data plane listens there (default 127.0.0.1); other than loopback needs proxies
  --trusted-proxy <address> an address or network of proxies that end TLS; may be given several times
  --data-port <port>        default 8080
  --operations-port <port>  default 9090, on loopback
  --socket <path>           the service shall reach the token through \`p11-kit server\` at this socket`;

const P11_KIT_CLIENTS = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/pkcs11/p11-kit-client.so`,
);
const COMMAND_LINE = new URL('../src/cli/main.ts', import.meta.url);

async function initialise(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      directory: { type: 'string' },
      'pin-file': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'trusted-proxy': { type: 'string', multiple: true, default: [] },
      'data-port': { type: 'string', default: '8080' },
      'operations-port': { type: 'string', default: '9090' },
      socket: { type: 'string' },
    },
  });
  if (values.help) return console.log(USAGE);
  if (!values.directory || !values['pin-file']) throw new Stop(USAGE);
  const places = placesIn(values.directory);
  const { signal } = new AbortController();
  makeDirectory(places);
  if (!existsSync(places.config)) {
    say('making a SoftHSM token and its configuration');
    await makeSofthsmService(places, {
      dataPlane: {
        host: values.host,
        port: Number(values['data-port']),
        trustedProxies: values['trusted-proxy'],
      },
      operationsPort: Number(values['operations-port']),
      pinFile: values['pin-file'],
      signal,
    });
  }
  if (isEmpty(places.operator)) rmSync(places.operator);
  if (!existsSync(places.operator)) {
    say(`making the registry key and the first operator, whose credential is in ${places.operator}`);
    await runProgram(COMMAND_LINE, ['init', '--config', places.config, '--out', places.operator], { signal });
  }
  if (values.socket) reachThroughSocket(places.config, values.socket);
  say(`${places.directory} is ready: keyward serve --config ${places.config}`);
}

/** The token and the service's keys are made without it: nothing serves the token yet. */
function reachThroughSocket(config: string, socket: string): void {
  const module = P11_KIT_CLIENTS.find((path) => existsSync(path));
  if (!module) throw new Stop('the client module of p11-kit is missing: install p11-kit-modules');
  writeConfig(config, [
    { member: ['hsm', 'module'], value: module },
    { member: ['hsm', 'environment'], value: { P11_KIT_SERVER_ADDRESS: `unix:path=${socket}` } },
  ]);
}

/** What an earlier run left that was cut short. */
function isEmpty(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === 0;
}

try {
  await initialise();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`keyward: ${error.message}`);
  process.exitCode = 1;
}
