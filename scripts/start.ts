// The second half of ./scripts/start: everything under .keyward/, then the service itself.
import { once } from 'node:events';
import { CommandFailure } from '../src/cli/failure.ts';
import { KeywardError } from '../src/kernel/errors.ts';
import { addressesOf, refuseBusyPorts } from './dev/addresses.ts';
import { lockFor } from './dev/lock.ts';
import { type Options, readOptions, USAGE } from './dev/options.ts';
import { placesIn } from './dev/places.ts';
import { provision } from './dev/provision.ts';
import { reset } from './dev/reset.ts';
import { Stop, say } from './dev/say.ts';
import { startService } from './dev/service.ts';
import { makeDirectory, setUp } from './dev/set-up.ts';
import { tour, writeCurlHeaders } from './dev/tour.ts';

/** Whose messages say what to do; anything else is a fault of ours and shown whole. */
const FOR_PEOPLE = [Stop, CommandFailure, KeywardError];

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => ending.abort());
const ended = once(ending.signal, 'abort');

async function start(options: Options): Promise<void> {
  const places = placesIn(options.directory);
  makeDirectory(places);
  using _lock = lockFor(places.lock);
  if (options.reset) await reset(places, options.yes);
  await setUp(places, options, ending.signal);
  const addresses = addressesOf(places);
  await refuseBusyPorts(addresses, places);
  ending.signal.throwIfAborted();
  say(`starting the service; its log is ${places.log}`);
  const service = startService(places);
  try {
    await Promise.race([ended, service.ready(addresses.data).then(() => provisionAndShow())]);
    await Promise.race([ended, service.gone.then(refuseToEnd)]);
  } finally {
    say('stopping');
    await service.stop();
  }

  async function provisionAndShow(): Promise<void> {
    const credentials = await provision(places, addresses);
    writeCurlHeaders(places, credentials);
    say(`ready: ${addresses.data}, operations ${addresses.operations}, credentials in ${places.credentials}`);
    console.log(tour(places, addresses.data));
  }

  function refuseToEnd(code: number | null): never {
    throw new Stop(`the service ended by itself (${code ?? 'killed'}); see ${places.log}`);
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await start(options);
} catch (error) {
  if (!ending.signal.aborted) {
    if (!FOR_PEOPLE.some((kind) => error instanceof kind)) throw error;
    console.error(`keyward: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
// What was cut short by a signal, such as a request, need not be waited for.
process.exit();
