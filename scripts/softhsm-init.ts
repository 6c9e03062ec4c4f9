// The program behind softhsm/init: each step is left out where its result is there.
import { existsSync, rmSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runProgram } from './dev/child.ts';
import { makeSofthsmService } from './dev/make-softhsm-service.ts';
import { placesIn } from './dev/places.ts';
import { Stop, say } from './dev/say.ts';
import { makeDirectory } from './dev/set-up.ts';

const USAGE = `Usage: softhsm/init --directory <path> --pin-file <path> [options]

Options:
  --host <address>          the data plane listens there (default 127.0.0.1); other than loopback means that a
                            proxy, or the container's own network, keeps strangers away
  --data-port <port>        default 8080
  --operations-port <port>  default 9090, on loopback`;

const COMMAND_LINE = new URL('../src/cli/main.ts', import.meta.url);

async function initialise(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      directory: { type: 'string' },
      'pin-file': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'data-port': { type: 'string', default: '8080' },
      'operations-port': { type: 'string', default: '9090' },
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
        behindProxy: values.host !== '127.0.0.1',
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
  say(`${places.directory} is ready: keyward serve --config ${places.config}`);
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
