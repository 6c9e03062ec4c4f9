// Who may import whom: the rule in docs/architecture.md, enforced.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { circlesIn } from './lib/circles.ts';

interface Reach {
  readonly folders: readonly string[];
  /** Node's own modules are named too; `node:*` is all of them. */
  readonly packages: readonly string[];
}

/** Not all of jose: what encrypts is no part of the process that holds the PIN. */
const JOSE_CHECK = ['jose/errors', 'jose/jws/compact/verify'];

/** The ground: any file may import it. */
const GROUND: Readonly<Record<string, Reach>> = {
  kernel: { folders: ['lib'], packages: ['node:crypto', 'node:net', 'node:zlib'] },
  lib: { folders: [], packages: ['node:*', 'pino'] },
  token: { folders: ['kernel', 'lib'], packages: [...JOSE_CHECK, 'node:buffer', 'node:crypto'] },
};

/** Engines know no capability. Of the packages, PKCS#11 is the signer's alone. */
const ENGINES: Readonly<Record<string, Reach>> = {
  db: { folders: [], packages: ['kysely', 'kysely/migration', 'pg', 'node:*'] },
  metrics: { folders: [], packages: ['prom-client', 'node:perf_hooks'] },
  server: {
    folders: ['metrics'],
    packages: [
      'express',
      'helmet',
      'zod',
      'zod-openapi',
      'pino',
      'prom-client',
      'rate-limiter-flexible',
      'node:*',
    ],
  },
  'yaml-file': { folders: [], packages: ['yaml', 'zod'] },
  signer: { folders: ['yaml-file'], packages: ['graphene-pk11', 'pkcs11js', 'zod', 'node:*'] },
  cli: { folders: ['yaml-file'], packages: ['commander', 'string-width', 'yaml', 'node:*'] },
  /** The published library. */
  client: {
    folders: ['kernel', 'lib', 'token'],
    packages: ['node:crypto', 'node:os', 'node:perf_hooks', 'node:http', 'node:timers/promises'],
  },
};

/**
 * Capabilities in the order of construction: each may import those before it. `borrows` names what a capability reaches
 * outside its rooms for, and `faces` the files that others import beside `index.ts`. Both lists only get shorter.
 */
const CAPABILITIES: Readonly<
  Record<string, { borrows?: readonly string[]; packages?: readonly string[]; faces?: readonly string[] }>
> = {
  tracing: {
    faces: ['headers.ts'],
    packages: [
      '@opentelemetry/api',
      '@opentelemetry/otlp-transformer',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace',
      'prom-client',
    ],
  },
  events: { borrows: ['config'], faces: ['outages.ts'] },
  detection: { faces: ['activity.ts', 'alarms.ts'], packages: ['zod'] },
  access: {
    borrows: ['config'],
    faces: [
      'check.ts',
      'gate.ts',
      'partners.ts',
      'routes/client-acts.ts',
      'routes/proposals.ts',
      'routes/wire.ts',
    ],
  },
  keys: {
    borrows: ['config', 'db'],
    packages: ['zod'],
    faces: [
      'canary-keys.ts',
      'hsm-replacements.ts',
      'key-ring.ts',
      'load-ring.ts',
      'open-registry.ts',
      'policy-schema.ts',
      'registry-key.ts',
      'routes/proof.ts',
      'routes/service-keys.ts',
      'routes/wire.ts',
    ],
  },
  clock: { faces: ['clock-watch.ts', 'routes.ts'] },
  hsm: {
    borrows: ['config', 'signer'],
    packages: ['yaml'],
    faces: ['service-keys.ts', 'signers.ts', 'tokens.ts'],
  },
  inventory: { borrows: ['config'] },
  canaries: {},
  verification: { faces: ['check-token.ts'] },
  revocation: { faces: ['load-revocations.ts', 'routes.ts'] },
  issuance: {},
  ledger: { borrows: ['config'] },
  publication: { borrows: ['config'], packages: ['zod', 'zod-openapi'], faces: ['outdated-verifiers.ts'] },
  notifications: {
    packages: ['nodemailer', 'standardwebhooks'],
    faces: ['check.ts', 'configured.ts', 'plan.ts', 'settings.ts'],
  },
  audit: {
    borrows: ['config', 'db'],
    faces: [
      'clock.ts',
      'missing-range.ts',
      'open-chains.ts',
      'refusal-count.ts',
      'refuse-rollback.ts',
      'repair-runs.ts',
      'sink-files.ts',
      'sink-line.ts',
      'sinks.ts',
      'find-unwitnessed.ts',
      'start-trail.ts',
      'sink-checkpoints.ts',
    ],
  },
  probes: { borrows: ['config'], faces: ['check.ts'], packages: ['jose/decode/protected_header'] },
  leaks: { borrows: ['config'] },
  reports: {},
  reviews: {},
  drills: {},
  health: { borrows: ['config', 'db', 'signer'], faces: ['disk.ts'] },
  restore: { borrows: ['config', 'db', 'server', 'signer'], packages: ['zod'] },
  'audit-verify': { borrows: ['cli', 'config', 'db'], faces: ['export.ts'] },
  configuration: { borrows: ['config', 'server', 'yaml-file'], packages: ['yaml', 'zod'] },
  backup: { borrows: ['cli', 'config', 'db'], packages: ['zod'] },
  moving: { borrows: ['cli', 'config', 'db', 'signer'] },
  provisioning: { borrows: ['yaml-file'], packages: ['yaml', 'zod'] },
  scan: { borrows: ['cli', 'signer'], packages: ['tar-stream', 'yauzl'] },
  doctor: { borrows: ['config', 'db', 'signer'] },
};

/** Within `src/db`, what is of one engine alone; that these know nothing of each other keeps both whole. */
const DATABASES = ['src/db/sqlite/', 'src/db/postgres/'];

interface Room {
  readonly files: RegExp;
  readonly engines: readonly string[];
  readonly packages: readonly string[];
  /** Files of the same capability that may import this room, beside the room itself and the face. */
  readonly openTo?: 'types of cli' | 'all';
}
const FACE = 'index.ts';

/** The rooms of a capability that face an engine. Whatever is in none of them is what the capability does. */
const ROOMS: readonly Room[] = [
  { files: /^index\.ts$/, engines: ['db', 'server'], packages: [] },
  { files: /^store(?:\.ts|\/)/, engines: ['db'], packages: ['kysely'] },
  {
    files: /^routes(?:-[a-z-]+)?(?:\.ts|\/)/,
    engines: ['server'],
    packages: ['zod'],
    openTo: 'types of cli',
  },
  { files: /^cli(?:-[a-z-]+)?(?:\.ts|\/)/, engines: ['cli'], packages: ['commander'] },
  /** What `keyward doctor` looks at. */
  { files: /^check\.ts$/, engines: ['db'], packages: [] },
  { files: /^settings\.ts$/, engines: [], packages: ['zod'], openTo: 'all' },
];
const OWN: Room = { files: /^/, engines: [], packages: [], openTo: 'all' };
const roomOf = (file: string) => ROOMS.find(({ files }) => files.test(file)) ?? OWN;
const isCli = (file: string) => roomOf(file).engines.includes('cli');

/** They join everything, so nothing but the command line may start them. `config.ts` is read by whoever opens something. */
const COMPOSITION = /^src\/(?:serve|serve-signer|init|config|config-environment)\.ts$|^src\/api\//;
/** It loads nothing, so the command line asks it first. */
const ENVIRONMENT = 'src/config-environment.ts';
/** The command tree looks past the faces at the verbs, and starts what each verb runs. */
const COMMAND_LINE =
  /^src\/cli\/(?:program|service|init-verb|serve-verb|signer-verbs|operations-client)\.ts$/;

const order = Object.keys(CAPABILITIES);
const complaints: string[] = [];
const imports = new Map<string, readonly string[]>();
for (const file of globSync('src/**/*.*')) {
  if (!file.endsWith('.ts')) complaints.push(`${file}: a source is a .ts file`);
}
for (const file of globSync('src/**/*.ts').sort()) {
  const path = file.split(sep).join('/');
  const folder = folderOf(path);
  refuseHidden(path);
  imports.set(
    path,
    importsIn(path).map(({ target }) => target),
  );
  for (const { target } of importsIn(path)) {
    if (/^(?:test|scripts|\.\.)\//.test(target))
      complaints.push(`${path}: what serves may not import ${target}`);
  }
  checkDatabases(path);
  if (COMPOSITION.test(path) || COMMAND_LINE.test(path)) continue;
  const reach = GROUND[folder] ?? ENGINES[folder];
  if (folder in CAPABILITIES) checkCapability(path, folder);
  else if (reach) checkReach(path, folder, reach);
  else complaints.push(`${path}: folder ${folder} has no rule in scripts/check-imports.ts`);
}

interface Import {
  /** A path from the root of the repository, or a package. */
  readonly target: string;
  readonly isType: boolean;
}

function importsIn(path: string): Import[] {
  const source = readFileSync(path, 'utf8');
  const found = source.matchAll(
    /(?<type>(?:import|export)\s+type\s[^'"`;]*?)?(?:from\s+|import\s*\(?\s*|new URL\(\s*)'(?<named>[^']+)'/g,
  );
  return Array.from(found, ({ groups }) => {
    const named = groups?.named ?? '';
    const target = named.startsWith('.')
      ? normalize(join(dirname(path), named))
          .split(sep)
          .join('/')
      : named;
    return { target, isType: groups?.type !== undefined };
  });
}

/** What this script would not see. */
function refuseHidden(path: string): void {
  const source = readFileSync(path, 'utf8');
  const hidden = /\bimport\s*\((?!\s*')|\b(?:createRequire|getBuiltinModule)\b|\brequire\s*\(/.exec(source);
  if (hidden) complaints.push(`${path}: ${hidden[0]} hides what is imported`);
}

function checkReach(path: string, folder: string, { folders, packages }: Reach): void {
  const ground = folder in GROUND || folder === 'client' ? [] : Object.keys(GROUND);
  for (const { target, isType } of importsIn(path).filter(isSourceOrPackage)) {
    const other = folderOf(target);
    // A capability's type names what it brings to engines, and the command line the answers; neither loads an engine.
    const isNamed =
      isType && (folder === 'kernel' ? other in ENGINES : folder === 'cli' && other === 'server');
    const isAllowed = isPackage(target)
      ? permitted(target, packages)
      : (folder === 'cli' && target === ENVIRONMENT) ||
        (!COMPOSITION.test(target) &&
          (other === folder || isNamed || [...ground, ...folders].includes(other)));
    if (!isAllowed) complaints.push(`${path}: ${folder} may not import ${target}`);
  }
}

/** Who configures no PostgreSQL pays nothing for it. */
function checkDatabases(path: string): void {
  const own = DATABASES.find((folder) => path.startsWith(folder));
  for (const { target } of importsIn(path)) {
    const other = DATABASES.find((folder) => target.startsWith(folder));
    const isForeign = own !== undefined && other !== undefined && own !== other;
    if (isForeign || (target === 'pg' && own !== 'src/db/postgres/'))
      complaints.push(`${path}: ${own ?? 'what is not of PostgreSQL'} may not import ${target}`);
  }
}

function checkCapability(path: string, folder: string): void {
  const file = fileOf(path);
  const room = roomOf(file);
  const { borrows = [], packages = [] } = CAPABILITIES[folder] ?? {};
  const folders = [...Object.keys(GROUND), 'metrics', ...room.engines, ...borrows];
  const own = [...room.packages, ...packages, 'pino', 'node:*'];
  for (const { target, isType } of importsIn(path)) {
    const other = folderOf(target);
    const isAllowed = isPackage(target)
      ? permitted(target, own)
      : other === folder
        ? isOpen(room, file, fileOf(target), isType)
        : other in CAPABILITIES
          ? isFace(folder, file, other, fileOf(target))
          : /^src\/config(?:-environment)?\.ts$/.test(target)
            ? borrows.includes('config')
            : !COMPOSITION.test(target) && folders.includes(other);
    if (!isAllowed) complaints.push(`${path}: ${file} may not import ${target}`);
  }
}

/** Of the same capability: its engines' rooms are closed to one another. */
function isOpen(room: Room, file: string, target: string, isType: boolean): boolean {
  const other = roomOf(target);
  if (target === FACE) return isCli(file);
  if (file === FACE || room === other || other.openTo === 'all') return true;
  return other.openTo === 'types of cli' && isType && isCli(file);
}

/** Of another capability: its face, if it is opened before. The command line opens none; one verb may print as another. */
function isFace(folder: string, file: string, other: string, target: string): boolean {
  if (isCli(file) && isCli(target)) return true;
  const isBefore = isCli(file) || order.indexOf(other) < order.indexOf(folder);
  return isBefore && (target === FACE || (CAPABILITIES[other]?.faces ?? []).includes(target));
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function fileOf(path: string): string {
  return path.split('/').slice(2).join('/');
}

/** What is built, and read as a file, is neither. */
function isSourceOrPackage({ target }: Import): boolean {
  return !target.startsWith('node_modules/');
}

/** Files outside the sources are refused before, or are no modules. */
function isPackage(target: string): boolean {
  return !/^(?:src|test|scripts|node_modules|\.\.)\//.test(target);
}

function permitted(target: string, packages: readonly string[]): boolean {
  return packages.includes(target) || (target.startsWith('node:') && packages.includes('node:*'));
}

for (const circle of circlesIn(imports)) complaints.push(`${circle.join(', ')}: they import one another`);
if (complaints.length > 0) {
  console.error(complaints.join('\n'));
  process.exit(1);
}
console.log('imports: every file keeps to the rule');
