// npm run core-dumps: looks for the PIN and the private keys in a hundred core images of a front at work. Ends with 1
// where one holds any of them, or where the search misses what was planted in it.
import { spawnSync } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fields, plainPage } from '../src/cli/table.ts';
import { type RunningService, startService } from '../test/support/running-service.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { loadTokens, type TokenLoad } from '../test/support/token-load.ts';
import { coreImage, gcoreImage } from './core-dumps/core-image.ts';
import { keyNeedle, type Needle, textNeedle } from './core-dumps/needles.ts';
import { type PlantedNeedle, plant } from './core-dumps/plant.ts';
import { privateNumbersOf } from './core-dumps/softhsm-keys.ts';
import { Tally } from './core-dumps/tally.ts';

const SCOPES = ['ES256', 'RS256', 'Ed25519'].map((algorithm) => ({ id: algorithm.toLowerCase(), algorithm }));
const SO_PIN = 'so-pin-of-tests';
/** RSA keys are made while other work takes the processor. */
const PATIENT = { deadline_ms: 10_000, generate_deadline_ms: 60_000 };
/** gdb stops the process for longer than reading its memory does. */
const EACH_GCORE = 10;
const PLANTED = new URL('./core-dumps/planted.ts', import.meta.url).href;

const { values } = parseArgs({ options: { images: { type: 'string', default: '100' } } });
const images = Number(values.images);
if (!Number.isInteger(images) || images < 1) throw new Error('--images takes a whole number of at least 1');

const folder = temporaryFolder();
try {
  await run();
} finally {
  folder.remove();
}

async function run(): Promise<void> {
  const file = join(folder.path, 'planted.json');
  const planted = plant(file);
  const service = await startService({
    launch: { flags: [`--import=${PLANTED}?file=${file}`] },
    hsm: PATIENT,
  });
  try {
    await look(service, planted);
  } finally {
    await service.remove();
  }
}

async function look(service: RunningService, planted: readonly PlantedNeedle[]): Promise<void> {
  const passing = [textNeedle("the operator's credential", service.operator)];
  const visitor = await service.provision({ id: 'visited' });
  await service.data('POST', '/v1/scopes/visited/tokens', visitor.sign, { claims: { sub: 'visitor' } });
  passing.push(textNeedle('a credential that came once, before', visitor.sign));
  const clients: { readonly scope: string; readonly sign: string }[] = [];
  for (const scope of SCOPES) clients.push({ scope: scope.id, ...(await service.provision(scope)) });
  const loads = clients.map(({ scope, sign }) => loadTokens(service, scope, sign));
  passing.push(
    ...clients.map(({ scope, sign }) => textNeedle(`the credential of the load on ${scope}`, sign)),
  );
  const pins = [textNeedle('PIN', service.hsm.pin), textNeedle('SO-PIN', SO_PIN)];
  const numbers = await privateNumbers(service);
  const secrets = [...pins, ...numbers];

  const tally = new Tally([...secrets, ...passing, ...planted.map(({ needle }) => needle)]);
  const ofFiles = new Tally([...secrets, ...passing]);
  const sizes = { images: 0, largestFile: 0, files: 0 };
  const pid = service.process.pid ?? 0;
  const hasGcore = spawnSync('gcore', ['-h']).error === undefined;
  for (let taken = 0; taken < images; taken += 1) {
    await Promise.all(loads.map((load) => load.nextToken()));
    const image = coreImage(pid);
    sizes.images += image.reduce((sum, { length }) => sum + length, 0);
    tally.look(image);
    if (!hasGcore || taken % EACH_GCORE > 0) continue;
    const file = gcoreImage(pid, join(folder.path, 'core'));
    sizes.largestFile = Math.max(sizes.largestFile, file.length);
    sizes.files += 1;
    ofFiles.look([file]);
  }
  await Promise.all(loads.map((load) => load.stop()));

  const total = (of: (load: TokenLoad) => readonly unknown[]) =>
    loads.reduce((sum, load) => sum + of(load).length, 0);
  const megabytes = Math.round(sizes.images / images / 1e6);
  const kilobytes = Math.round(sizes.largestFile / 1e3);
  const missed = planted
    .filter(({ needle, forms }) => !tally.isAlways(needle, forms))
    .map(({ needle }) => needle);
  const held = [tally, ofFiles].flatMap((each) => [...each.found(secrets).keys()]);
  const inFiles = ofFiles.found([...secrets, ...passing]);
  const rows: [string, string][] = [
    ['core images of the front', `${images}, of ${megabytes} MB on average`],
    ['meanwhile', `${total(({ tokens }) => tokens)} tokens, ${total(({ refusals }) => refusals)} refusals`],
    ...pins.map((needle): [string, string] => [needle.name, shown(tally.found([needle]))]),
    [`${numbers.length} numbers of private keys`, shown(tally.found(numbers))],
    ...planted.map(({ needle }): [string, string] => [needle.name, shown(tally.found([needle]))]),
    ...passing.map((needle): [string, string] => [needle.name, shown(tally.found([needle]))]),
    [
      'any of these in files by gcore',
      hasGcore ? `${shown(inFiles)}; ${sizes.files}, at most ${kilobytes} kB` : 'not tried',
    ],
    ['verdict', verdict(held, missed)],
  ];
  console.log(fields(rows, plainPage(false)));
  if (held.length > 0 || missed.length > 0) process.exitCode = 1;
}

/** Of the token, once one of them has proved to be that of a key which the service publishes. */
async function privateNumbers({ hsm, data }: RunningService): Promise<Needle[]> {
  const numbers = privateNumbersOf(hsm.tokenFolder, hsm.pin);
  const { body } = await data('GET', `/scopes/${SCOPES[0]?.id}/jwks.json`);
  const published = body.keys.map(({ x }: { x: string }) => x);
  if (!numbers.some((number) => published.includes(xOf(number))))
    throw new Error('these are not the private keys');
  return numbers.map((number) => keyNeedle('private keys', number));
}

function xOf(number: Buffer): string | undefined {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(number);
  } catch {
    // Of another algorithm.
    return undefined;
  }
  return pair.getPublicKey().subarray(1, 33).toString('base64url');
}

function verdict(held: readonly string[], missed: readonly Needle[]): string {
  if (held.length > 0) return `FOUND as ${held.join(', ')}`;
  if (missed.length > 0) return `the search misses ${missed.map(({ name }) => name).join(', ')}`;
  return 'neither PIN nor private key; all that was planted was found each time';
}

function shown(found: ReadonlyMap<string, number>): string {
  return [...found].map(([form, count]) => `${form} in ${count}`).join(', ') || 'in none';
}
