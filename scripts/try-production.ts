// npm run try-production [-- <package>], as root, with debootstrap: types every command of docs/production.md in a fresh
// Debian 12, on SoftHSM, and prints what each section took. No systemd runs in a chroot: a stand-in starts the units.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseDocument } from 'yaml';
import { debianRoot, removeDebianRoot } from './lib/debian-root.ts';
import { type Command, type Section, type ShownFile, sectionsOf } from './try-production/guide.ts';
import { certificates, Host } from './try-production/host.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const page = (name: string) => sectionsOf(readFileSync(join(TOP, 'docs', name), 'utf8'));
const PEOPLE = ['alice', 'bob', 'login', 'orders'];
const NAMES = ['keys.example.com', 'logs.example.com', 'hooks.example.com'];
const PROPOSED = 4;
const AN_HOUR_MS = 3_600_000;
/** Of commands that say something by it; of all others, 0 alone is well. */
const EXIT_CODES: readonly (readonly [RegExp, readonly number[]])[] = [
  // It would change something.
  [/^keyward plan /, [0, 2]],
  // There are neither keys nor a database yet.
  [/^keyward-offline doctor/, [0, 1]],
];

const guide = page('production.md');
const softhsm = page('hsm.md').find(({ title }) => title === 'SoftHSM');
const [named = ''] = /keyward_\S+\.deb/.exec(JSON.stringify(guide)) ?? [];
const built = process.argv[2] ?? join(TOP, 'dist', named);
if (!existsSync(built)) execFileSync('npm', ['run', '--silent', 'build:deb'], { cwd: TOP, stdio: 'inherit' });

const folder = mkdtempSync(join(tmpdir(), 'keyward-production-'));
const root = debianRoot('slim');
const host = new Host(root);
let receivers: ReturnType<Host['beside']> | undefined;
/** What a person reads off the screen for a later command. */
const read = { digest: '', token: '', serial: '' };
/** What was proposed, until somebody approves it. */
let waits = '';
try {
  certificates(folder, NAMES);
  host.prepare([...NAMES, 'login.example.com', 'orders.example.com'], PEOPLE);
  copyFileSync(built, join(root, 'root', named));
  copyFileSync(join(folder, 'ca.pem'), join(root, 'root/internal-ca.pem'));
  receivers = host.beside(fileURLToPath(new URL('./try-production/receivers.ts', import.meta.url)), [
    folder,
    folder,
  ]);
  follow();
  look();
} finally {
  await host.close();
  receivers?.kill();
  removeDebianRoot(root);
  rmSync(folder, { recursive: true, force: true });
}

function follow(): void {
  const begun = performance.now();
  const times: string[] = [];
  for (const section of guide) {
    console.log(`\n## ${section.title}`);
    const since = performance.now();
    if (/TLS/.test(section.title)) bringCertificate();
    run(section);
    if (waits !== '') throw new Error(`nobody approves what was proposed by: ${waits}`);
    times.push(`${seconds(since)} s  ${section.title}`);
  }
  const all = performance.now() - begun;
  console.log(`\n${times.join('\n')}\n${seconds(begun)} s  in all, without reading and deciding`);
  if (all > AN_HOUR_MS) throw new Error('it takes more than its hour');
}

function run(section: Section): void {
  for (const step of section.steps) {
    if (step.kind === 'file') write(step);
    else type(step);
    if (step.kind === 'command' && step.line.startsWith('keyward hsm make-pin')) makeToken();
  }
}

/** With the vendor's tool, as the guide says. */
function makeToken(): void {
  for (const step of softhsm?.steps ?? []) if (step.kind === 'command') type(step);
}

function write({ name, text }: ShownFile): void {
  console.log(`      writes ${name}`);
  if (!name.startsWith('/')) {
    host.write(`/home/alice/${name}`, text);
    return;
  }
  const document = parseDocument(readFileSync(join(root, name), 'utf8'));
  const ofHsm = (softhsm?.steps ?? []).flatMap((step) =>
    step.kind === 'file' && step.name === name ? [step.text] : [],
  );
  const shown = [text, ...ofHsm].flatMap((each) => leavesOf(parse(each)));
  for (const [path, value] of shown) {
    document.setIn(path, path.at(-1) === 'token_serial' ? read.serial : document.createNode(value));
  }
  const { uid, gid, mode } = statSync(join(root, name));
  host.write(name, String(document), mode & 0o777);
  chownSync(join(root, name), uid, gid);
}

/** Members go into what is there; a list or a text takes its place. */
function leavesOf(value: unknown, path: readonly string[] = []): [readonly string[], unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, each]) => leavesOf(each, [...path, name]));
}

function type({ who, line }: Command): void {
  for (const filled of filledIn(who, line)) {
    const time = new Date().toTimeString().slice(0, 8);
    console.log(`${time} ${who}${who === 'root' ? '#' : '$'} ${filled}`);
    const [, file, to] = /^scp (\S+) (\w+)\.example\.com:$/.exec(filled) ?? [];
    const { code, out } =
      file === undefined || to === undefined
        ? host.type(who, filled)
        : {
            code: 0,
            out: host.asRoot(`install -o ${to} -m 600 /home/${who}/${file} /home/${to}/${basename(file)}`),
          };
    if (out.trim() !== '') console.log(out.trimEnd().replaceAll(/^/gm, '         '));
    const expected = EXIT_CODES.find(([fits]) => fits.test(filled))?.[1] ?? [0];
    if (code === PROPOSED) waits = filled;
    else if (!expected.includes(code)) throw new Error(`it ended with ${code}`);
    if (filled.includes('proposal approve')) waits = '';
    if (filled.includes('operator enrol')) read.digest = /[\w-]{43}/.exec(out)?.[0] ?? '';
    read.token = /"token":"([^"]+)"/.exec(out)?.[1] ?? read.token;
    read.serial = /Serial number:\s+(\S+)/.exec(out)?.[1] ?? read.serial;
    if (filled.includes('/verify') && !out.includes('"valid":true'))
      throw new Error('the token does not verify');
  }
}

/** With `<id>` it is typed once for each open proposal. */
function filledIn(who: string, line: string): string[] {
  const filled = line.replace('<digest>', read.digest).replace('<token>', read.token);
  if (!filled.includes('<id>')) return [filled];
  const { out } = host.type(who, 'keyward proposal list --output name');
  const ids = out.split('\n').filter((each) => each !== '');
  if (ids.length === 0) throw new Error('there is no open proposal');
  return ids.map((id) => filled.replace('<id>', id));
}

/** The guide presupposes a certificate, and clients that trust its CA. */
function bringCertificate(): void {
  mkdirSync(join(root, 'etc/nginx/tls'), { recursive: true });
  for (const [from, to] of [['pem', 'crt'] as const, ['key', 'key'] as const]) {
    copyFileSync(
      join(folder, `keys.example.com.${from}`),
      join(root, `etc/nginx/tls/keys.example.com.${to}`),
    );
  }
  host.write('/usr/local/share/ca-certificates/internal.crt', readFileSync(join(folder, 'ca.pem'), 'utf8'));
  host.asRoot('update-ca-certificates --fresh');
}

function look(): void {
  const got = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
  check('the machine that keeps the trail has it', got('syslog').includes('"type":"client.created"'));
  check('somebody was told', got('webhooks').includes('notification.test'));
  const query = "curl -sS 'http://127.0.0.1:9091/api/v1/query?query=up%7Bjob=%22keyward%22%7D'";
  const isScraped = () => host.asRoot(query).includes(',"1"]');
  for (let tries = 0; tries < 60 && !isScraped(); tries += 1) host.asRoot('sleep 1');
  check('Prometheus scrapes Keyward', isScraped());
  check(
    'no credential lies about on the host',
    host.asRoot('ls /var/lib/keyward').includes('keyward.db') &&
      !host.asRoot('ls /var/lib/keyward').includes('credential'),
  );
}

function check(what: string, holds: boolean): void {
  console.log(`${holds ? 'ok ' : 'NOT'} ${what}`);
  if (!holds) process.exitCode = 1;
}

function seconds(since: number): string {
  return String(Math.round((performance.now() - since) / 1_000)).padStart(5);
}
