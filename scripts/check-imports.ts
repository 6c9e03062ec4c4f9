// Who may import whom: the right-hand column of the layout in docs/architecture.md, enforced.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';

const ALL = [
  'domain',
  'token',
  'access',
  'issuance',
  'verification',
  'ledger',
  'keys',
  'publication',
  'audit',
  'watch',
  'metrics',
];

/** Knows nothing of tokens; every folder may import it. */
const LIBRARY = 'lib';

/** Folder → the folders and packages it may import; Node's own modules are free unless listed as forbidden. */
const ALLOWED: Record<string, { folders: string[]; packages: string[] }> = {
  domain: { folders: [], packages: ['node:crypto', 'node:net', 'node:zlib'] },
  lib: { folders: [], packages: ['node:*', 'pino'] },
  token: { folders: ['domain'], packages: ['jose', 'node:buffer', 'node:crypto'] },
  schemas: { folders: ['domain'], packages: ['zod'] },
  signer: {
    folders: ['domain', 'token', 'yaml-file'],
    packages: ['graphene-pk11', 'pkcs11js', 'zod', 'node:*'],
  },
  db: { folders: ['domain'], packages: ['kysely', 'kysely/migration', 'node:*'] },
  access: { folders: ['domain'], packages: ['node:crypto'] },
  issuance: { folders: ['domain', 'token'], packages: ['node:crypto', 'node:worker_threads'] },
  verification: { folders: ['domain', 'token'], packages: ['node:crypto'] },
  ledger: { folders: ['domain'], packages: ['node:crypto'] },
  publication: { folders: ['domain', 'token'], packages: ['node:crypto', 'node:perf_hooks'] },
  keys: { folders: ['domain', 'token'], packages: ['node:crypto', 'node:timers/promises', 'node:util'] },
  audit: { folders: ['domain', 'token'], packages: ['node:*'] },
  watch: { folders: ['domain', 'token'], packages: ['node:crypto', 'zod'] },
  'watch/probing': {
    folders: ['domain'],
    packages: ['node:http', 'node:https', 'node:net'],
  },
  'watch/notifications': {
    folders: ['domain'],
    packages: ['node:*', 'nodemailer', 'standardwebhooks'],
  },
  metrics: { folders: ['domain'], packages: ['prom-client', 'node:perf_hooks'] },
  kernel: { folders: ['domain', 'server'], packages: [] },
  server: {
    folders: [...ALL, 'schemas'],
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
  'yaml-file': { folders: ['domain'], packages: ['yaml', 'zod'] },
  provisioning: { folders: ['domain', 'schemas', 'yaml-file'], packages: ['yaml', 'zod'] },
  client: {
    folders: ['domain', 'token'],
    packages: ['node:crypto', 'node:os', 'node:perf_hooks', 'node:http', 'node:timers/promises'],
  },
  scan: { folders: ['domain', 'token'], packages: ['tar-stream', 'yauzl', 'node:*'] },
  cli: {
    folders: ['domain', 'provisioning', 'scan', 'yaml-file'],
    packages: ['commander', 'node:*'],
  },
};

/**
 * Capabilities in folders of their own (CONTRIBUTING.md): folder → other folders it may import until these are
 * capabilities or engines themselves.
 */
const CAPABILITIES: Record<string, readonly string[]> = {
  drills: ['metrics'],
  reports: ['audit', 'metrics'],
  reviews: ['metrics'],
};
const GROUND = ['domain', 'kernel', LIBRARY, 'token'];
/** A capability's face joins its rooms, so it names what the engines give it. */
const FACE = 'index.ts';

interface Room {
  readonly files: RegExp;
  readonly engines: readonly string[];
  readonly packages: readonly string[];
  /** Files of the same capability that may import this room, beside the room itself and the face. */
  readonly openTo?: 'types of cli' | 'all';
}

/** The rooms of a capability that face an engine. Whatever is in none of them is what the capability does. */
const ROOMS: readonly Room[] = [
  { files: /^index\.ts$/, engines: ['db', 'server'], packages: ['pino'] },
  { files: /^store(?:\.ts|\/)/, engines: ['db'], packages: ['kysely'] },
  { files: /^routes(?:\.ts|\/)/, engines: ['server'], packages: ['zod'], openTo: 'types of cli' },
  { files: /^cli(?:-[a-z-]+)?(?:\.ts|\/)/, engines: ['cli'], packages: ['commander'] },
  { files: /^settings\.ts$/, engines: [], packages: ['zod'], openTo: 'all' },
];
const OWN: Room = { files: /^/, engines: [], packages: [], openTo: 'all' };
const roomOf = (file: string) => ROOMS.find(({ files }) => files.test(file)) ?? OWN;

/** Who may look past the face: the configuration at the settings, the command tree at the verbs. */
const PAST_THE_FACE: Readonly<Record<string, string>> = {
  'src/config.ts': 'settings.ts',
  'src/cli/program.ts': 'cli.ts',
};

/** Composition roots: they join everything, so nothing but the command line may start them. */
const ROOTS = /^src\/(?:doctor\/)?[a-z-]+\.ts$/;

const complaints: string[] = [];
for (const file of globSync('src/**/*.*')) {
  if (!file.endsWith('.ts')) complaints.push(`${file}: a source is a .ts file`);
}
for (const file of globSync('src/**/*.ts').sort()) {
  const path = file.split(sep).join('/');
  const folder = path.split('/')[1] ?? '';
  // A folder within another may have a list of its own.
  const rule = ALLOWED[path.split('/').slice(1, 3).join('/')] ?? ALLOWED[folder];
  for (const { target } of importsIn(path)) {
    if (target.startsWith('src/')) refuseTarget(path, target);
    else if (/^(?:test|scripts|\.\.)\//.test(target))
      complaints.push(`${path}: what serves may not import ${target}`);
  }
  refuseHidden(path);
  if (ROOTS.test(path)) continue;
  if (folder in CAPABILITIES) checkCapability(path, folder);
  else if (!rule) complaints.push(`${path}: folder ${folder} has no rule in scripts/check-imports.ts`);
  else check(path, folder, rule);
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

function check(path: string, folder: string, rule: { folders: string[]; packages: string[] }): void {
  for (const { target, isType } of importsIn(path)) {
    if (!target.startsWith('src/')) {
      if (isPackage(target) && !permitted(target, rule.packages)) {
        complaints.push(`${path}: ${folder} may not import ${target}`);
      }
      continue;
    }
    const other = target.split('/')[1] ?? '';
    if (other in CAPABILITIES && PAST_THE_FACE[path] === fileOf(target)) continue;
    const isGround = other === folder || other === LIBRARY || rule.folders.includes(other);
    // What every room may import must not bring an engine along.
    const isTypeOfEngine = folder !== 'kernel' || other !== 'server' || isType;
    if (ROOTS.test(target) ? folder !== 'cli' : !isGround || !isTypeOfEngine) {
      complaints.push(`${path}: ${folder} may not import ${target}`);
    }
  }
}

function fileOf(target: string): string {
  return target.split('/').slice(2).join('/');
}

/** Files outside the sources are refused by `refuseTarget`, or are no modules. */
function isPackage(target: string): boolean {
  return !/^(?:src|test|scripts|node_modules|\.\.)\//.test(target);
}

/** Of another capability, its face alone. */
function refuseTarget(path: string, target: string): void {
  const folder = target.split('/')[1] ?? '';
  if (!(folder in CAPABILITIES) || path.startsWith(`src/${folder}/`)) return;
  const file = fileOf(target);
  if (file !== FACE && PAST_THE_FACE[path] !== file) {
    complaints.push(`${path}: of ${folder}, only ${FACE} may be imported, not ${file}`);
  }
}

function checkCapability(path: string, folder: string): void {
  const file = fileOf(path);
  const room = roomOf(file);
  const folders = [folder, ...GROUND, ...room.engines, ...(CAPABILITIES[folder] ?? [])];
  const packages = [...room.packages, 'node:crypto', 'node:timers/promises'];
  for (const { target, isType } of importsIn(path)) {
    const other = target.split('/')[1] ?? '';
    const isAllowed = isPackage(target)
      ? permitted(target, packages)
      : other === folder
        ? isOpen(room, file, fileOf(target), isType)
        : folders.includes(other);
    if (!isAllowed) complaints.push(`${path}: ${file} may not import ${target}`);
  }
}

function isOpen(room: Room, file: string, target: string, isType: boolean): boolean {
  const other = roomOf(target);
  if (target === FACE) return false;
  if (file === FACE || room === other || other.openTo === 'all') return true;
  return other.openTo === 'types of cli' && isType && roomOf(file).engines.includes('cli');
}

function permitted(target: string, packages: readonly string[]): boolean {
  return packages.includes(target) || (target.startsWith('node:') && packages.includes('node:*'));
}

if (complaints.length > 0) {
  console.error(complaints.join('\n'));
  process.exit(1);
}
console.log('imports: every file keeps to its folder’s list');
