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

/** Composition roots: they join everything, so nothing but the command line may start them. */
const ROOTS = /^src\/(?:doctor\/)?[a-z-]+\.ts$/;

const complaints: string[] = [];
for (const file of globSync('src/**/*.ts').sort()) {
  const path = file.split(sep).join('/');
  const folder = path.split('/')[1] ?? '';
  // A folder within another may have a list of its own.
  const rule = ALLOWED[path.split('/').slice(1, 3).join('/')] ?? ALLOWED[folder];
  if (ROOTS.test(path)) continue;
  if (!rule) complaints.push(`${path}: folder ${folder} has no rule in scripts/check-imports.ts`);
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

function permitted(target: string, packages: string[]): boolean {
  return packages.includes(target) || (target.startsWith('node:') && packages.includes('node:*'));
}

if (complaints.length > 0) {
  console.error(complaints.join('\n'));
  process.exit(1);
}
console.log('imports: every file keeps to its folder’s list');
