import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './build.ts';
import type { Compose, ComposeService } from './compose.ts';

/** Mounts the root read-only and what is bound over it, with loopback alone, and stays root until `exec`. */
const ENTER = `set -eu
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
ip link set lo up
exec chroot "$root" "$@"`;

/** What an engine would keep for the containers: volumes, with the owners of the folders that they lie over. */
export class Engine {
  readonly #image: Image;
  readonly #compose: Compose;
  readonly #folder: string;
  readonly #running: ChildProcess[] = [];

  constructor(image: Image, compose: Compose, folder: string) {
    this.#image = image;
    this.#compose = compose;
    this.#folder = folder;
  }

  /** `docker compose run`: to its end. */
  run(name: string): void {
    execFileSync('unshare', this.#argv(this.#service(name)), { stdio: 'inherit' });
  }

  /** `docker compose up`: it stays. */
  start(name: string, log: string): ChildProcess {
    const child = spawn('unshare', this.#argv(this.#service(name)), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => writeFileSync(log, chunk, { flag: 'a' }));
    }
    this.#running.push(child);
    return child;
  }

  /** `docker run`, without a network, with a folder of the host. */
  runOnce(command: readonly string[], [from, to]: readonly [string, string]): void {
    mkdirSync(join(this.#image.root, to), { recursive: true });
    execFileSync('unshare', this.#enter([[from, to]], {}, command), { stdio: 'inherit' });
  }

  /** `docker compose exec`: what it printed. */
  exec(of: ChildProcess, command: readonly string[]): string {
    const inside = initOf(of);
    const argv = ['-t', String(inside), '-m', '-n', '-p', '-r', '--', ...this.#asUser({}, command)];
    return execFileSync('nsenter', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async stop(): Promise<void> {
    for (const child of this.#running.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('close', resolve));
      process.kill(initOf(child), 'SIGTERM');
      await ended;
    }
  }

  #service(name: string): ComposeService {
    const service = this.#compose.services[name];
    if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
    return service;
  }

  #argv(service: ComposeService): string[] {
    const volumes = (service.volumes ?? []).map((volume): [string, string] => {
      const [name = '', target = ''] = volume.split(':');
      return [this.#volume(name, target), target];
    });
    const secrets = (service.secrets ?? []).map((name) => this.#file(name, `/run/secrets/${name}`));
    const configs = (service.configs ?? []).map(({ source, target }) => {
      const file = join(this.#folder, source);
      writeFileSync(file, this.#compose.configs[source]?.content ?? '');
      return this.#file(source, target);
    });
    return this.#enter([...volumes, ...secrets, ...configs], service.environment ?? {}, service.command);
  }

  #enter(
    binds: readonly (readonly [string, string])[],
    environment: Readonly<Record<string, string>>,
    command: readonly string[],
  ): string[] {
    const { root } = this.#image;
    const flags = ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child'];
    return [
      ...flags,
      'sh',
      '-c',
      ENTER,
      'sh',
      root,
      ...binds.flat(),
      '--',
      ...this.#asUser(environment, command),
    ];
  }

  #asUser(environment: Readonly<Record<string, string>>, command: readonly string[]): string[] {
    const { user, folder, environment: own } = this.#image;
    const variables = Object.entries({ ...own, ...environment }).map((pair) => pair.join('='));
    const drop = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
    const as = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...drop];
    return ['env', '-i', '-C', folder, ...variables, ...as, ...command];
  }

  #volume(name: string, target: string): string {
    const path = join(this.#folder, name);
    mkdirSync(path, { recursive: true });
    const { uid, gid, mode } = statSync(join(this.#image.root, target));
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  }

  /** A file of the host, with a place to lie over. */
  #file(name: string, target: string): [string, string] {
    const place = join(this.#image.root, target);
    mkdirSync(join(place, '..'), { recursive: true });
    writeFileSync(place, '', { flag: 'a' });
    return [join(this.#folder, name), target];
  }
}

/** The first process inside: unshare itself stays outside of the namespaces. */
function initOf({ pid }: ChildProcess): number {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(first);
}
