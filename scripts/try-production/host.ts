import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SYSTEMCTL = fileURLToPath(new URL('./systemctl', import.meta.url));
/** What a person has from one command to the next: variables, and the folder they are in. */
const SESSION = 'S=/run/session.$(id -un); [ ! -e $S ] || . $S; set -a; cd; ';
const KEEP = '; code=$?; umask 077; export -p >$S; exit $code';
const SETTLE_MS = 30_000;

export interface Typed {
  readonly code: number;
  readonly out: string;
}

/** A bare host in a chroot, with a network of its own that has loopback alone; only apt goes out. */
export class Host {
  readonly root: string;
  readonly #network: ChildProcess;

  constructor(root: string) {
    this.root = root;
    this.#network = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec sleep infinity'], {
      stdio: 'ignore',
    });
  }

  prepare(names: readonly string[], people: readonly string[]): void {
    this.write('/etc/hosts', `127.0.0.1 localhost ${names.join(' ')}\n`);
    // As in every chroot: apt starts nothing. And who follows a guide says yes.
    this.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    this.write('/etc/apt/apt.conf.d/yes', 'APT::Get::Assume-Yes "true";\nquiet "2";\n');
    copyFileSync(SYSTEMCTL, join(this.root, 'usr/local/sbin/systemctl'));
    chmodSync(join(this.root, 'usr/local/sbin/systemctl'), 0o755);
    // On one host with everybody else: the tunnel leads to itself, and the command line is there.
    for (const name of ['ssh', 'npm']) this.write(`/usr/local/bin/${name}`, '#!/bin/sh\n', 0o755);
    for (const name of people) this.asRoot(`useradd --create-home --shell /bin/bash ${name}`);
    this.asRoot('chmod 1777 /run /tmp');
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), text);
    chmodSync(join(this.root, path), mode);
  }

  /** What somebody types, in their session. */
  type(who: string, line: string): Typed {
    const isApt = /^apt /.test(line);
    const argv = this.#argv(who, SESSION + line + KEEP);
    const { status, stdout } = isApt
      ? spawnSync('chroot', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      : this.#inNetwork('chroot', argv);
    return { code: status ?? 1, out: stdout };
  }

  /** Beside the guide. */
  asRoot(command: string): string {
    const { status, stdout } = this.#inNetwork('chroot', this.#argv('root', command));
    if (status !== 0) throw new Error(`${command}: ${stdout}`);
    return stdout.trim();
  }

  /** A program of this checkout, in the host's network. */
  beside(program: string, argv: readonly string[]): ChildProcess {
    return spawn('nsenter', [...this.#inside(), process.execPath, program, ...argv], { stdio: 'inherit' });
  }

  /** Ends what runs in it, and nothing else. */
  async close(): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    for (let left = this.#processes(); left.length > 0; left = this.#processes()) {
      for (const pid of left) end(pid, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    this.#network.kill();
    await once(this.#network, 'close');
  }

  #argv(who: string, command: string): string[] {
    const home = who === 'root' ? '/root' : `/home/${who}`;
    const variables = [
      `PATH=${PATH}`,
      `HOME=${home}`,
      `USER=${who}`,
      'LC_ALL=C',
      'DEBIAN_FRONTEND=noninteractive',
    ];
    const as = who === 'root' ? [] : ['setpriv', `--reuid=${who}`, `--regid=${who}`, '--init-groups'];
    return [this.root, 'env', '-i', ...variables, ...as, 'bash', '-c', `exec 2>&1; ${command}`];
  }

  #inNetwork(program: string, argv: readonly string[]) {
    const all = [...this.#inside(), program, ...argv];
    return spawnSync('nsenter', all, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 1 << 26,
    });
  }

  #inside(): string[] {
    return [`--net=/proc/${this.#network.pid}/ns/net`, '--'];
  }

  #processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && rootOf(name) === this.root)
      .map(Number);
  }
}

/** One that ended since it was listed is what is wanted. */
function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function rootOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return undefined;
  }
}

export function certificates(folder: string, names: readonly string[]): void {
  const at = (name: string) => join(folder, name);
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Internal CA');
  for (const name of names) {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/CN=${name}`];
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', `subjectAltName=DNS:${name}`];
    openssl('req', '-x509', ...ec, ...files, ...by, '-addext', 'basicConstraints=CA:FALSE');
  }
}
