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
 * Capabilities in rooms of their own (docs/architecture.md): folder → other folders it may import until these are
 * capabilities or engines themselves.
 */
const CAPABILITIES: Record<string, readonly string[]> = {
  drills: ['metrics'],
  reports: ['audit', 'metrics'],
  reviews: ['metrics'],
};
const GROUND = ['domain', 'kernel', LIBRARY, 'token'];
/** The rooms of a capability that face an engine, and the packages that come with it. */
const FACING: readonly (readonly [room: RegExp, engine: string | undefined, packages: readonly string[]])[] =
  [
    [/^store(?:\.ts|\/)/, 'db', ['kysely']],
    [/^routes(?:\.ts|\/)/, 'server', ['zod']],
    [/^cli(?:-[a-z-]+)?(?:\.ts|\/)/, 'cli', ['commander']],
    [/^settings\.ts$/, undefined, ['zod']],
  ];
/** A capability's face joins its rooms, so it names what the engines give it. */
const FACE = 'index.ts';
/** Who may look past the face: the configuration at the settings, the command tree at the verbs. */
const PAST_THE_FACE: Readonly<Record<string, string>> = {
  'src/config.ts': 'settings.ts',
  'src/cli/program.ts': 'cli.ts',
};

/** Composition roots: they join everything, so nothing but the command line may start them. */
const ROOTS = /^src\/(?:doctor\/)?[a-z-]+\.ts$/;

const complaints: string[] = [];
for (const file of globSync('src/**/*.ts').sort()) {
  const path = file.split(sep).join('/');
  const folder = path.split('/')[1] ?? '';
  // A folder within another may have a list of its own.
  const rule = ALLOWED[path.split('/').slice(1, 3).join('/')] ?? ALLOWED[folder];
  for (const target of relativeImports(path)) refuseTarget(path, target);
  if (ROOTS.test(path)) continue;
  if (folder in CAPABILITIES) checkCapability(path, folder);
  else if (!rule) complaints.push(`${path}: folder ${folder} has no rule in scripts/check-imports.ts`);
  else check(path, folder, rule);
}

function check(path: string, folder: string, rule: { folders: string[]; packages: string[] }): void {
  const source = readFileSync(path, 'utf8');
  for (const match of source.matchAll(/(?:from\s+|import\s*\(?\s*)'([^']+)'/g)) {
    const target = match[1] ?? '';
    if (target.startsWith('.')) {
      const resolved = normalize(join(dirname(path), target))
        .split(sep)
        .join('/');
      const other = resolved.split('/')[1] ?? '';
      const isRoot = ROOTS.test(resolved);
      if (PAST_THE_FACE[path] === resolved.split('/').slice(2).join('/')) continue;
      if (
        isRoot ? folder !== 'cli' : other !== folder && other !== LIBRARY && !rule.folders.includes(other)
      ) {
        complaints.push(`${path}: ${folder} may not import ${resolved}`);
      }
    } else if (!permitted(target, rule.packages)) {
      complaints.push(`${path}: ${folder} may not import ${target}`);
    }
  }
}

function specifiersIn(path: string): string[] {
  const matches = readFileSync(path, 'utf8').matchAll(/(?:from\s+|import\s*\(?\s*)'([^']+)'/g);
  return Array.from(matches, ([, specifier = '']) => specifier);
}

function relativeImports(path: string): string[] {
  return specifiersIn(path)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) =>
      normalize(join(dirname(path), specifier))
        .split(sep)
        .join('/'),
    );
}

/** Of what anybody imports: nothing outside the sources, and of another capability its face alone. */
function refuseTarget(path: string, target: string): void {
  const [top, folder = '', ...rest] = target.split('/');
  if (top !== 'src') complaints.push(`${path}: what serves may not import ${target}`);
  if (!(folder in CAPABILITIES) || path.startsWith(`src/${folder}/`)) return;
  const file = rest.join('/');
  if (file !== FACE && PAST_THE_FACE[path] !== file) {
    complaints.push(`${path}: of ${folder}, only ${FACE} may be imported, not ${file}`);
  }
}

function checkCapability(path: string, folder: string): void {
  const file = path.split('/').slice(2).join('/');
  const [, engine, engines = []] = FACING.find(([room]) => room.test(file)) ?? [];
  const isFace = file === FACE;
  const faced = isFace ? ['db', 'server'] : engine === undefined ? [] : [engine];
  const folders = [folder, ...GROUND, ...faced, ...(CAPABILITIES[folder] ?? [])];
  for (const target of relativeImports(path)) {
    const [, other = '', ...rest] = target.split('/');
    const isOfStore = /^(?:routes|cli)/.test(file) && other === folder && rest[0]?.startsWith('store');
    if (!folders.includes(other) || isOfStore) complaints.push(`${path}: ${file} may not import ${target}`);
  }
  const packages = [...engines, ...(isFace ? ['pino'] : []), 'node:crypto', 'node:timers/promises'];
  for (const specifier of specifiersIn(path)) {
    if (!specifier.startsWith('.') && !permitted(specifier, packages)) {
      complaints.push(`${path}: ${file} may not import ${specifier}`);
    }
  }
}

function permitted(target: string, packages: string[]): boolean {
  return packages.includes(target) || (target.startsWith('node:') && packages.includes('node:*'));
}

if (complaints.length > 0) {
  console.error(complaints.join('\n'));
  process.exit(1);
}
console.log('imports: every file keeps to its folder’s list');
