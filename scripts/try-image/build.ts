import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commandOf, type Instruction, stagesOf } from './dockerfile.ts';
import { debianRoot } from './roots.ts';

const BASE = 'debian:12-slim';
/** What a machine trusts beyond Debian: its builds go through a proxy of its own. */
const TRUSTED = '/usr/local/share/ca-certificates';
const ALL_TRUSTED = '/etc/ssl/certs/ca-certificates.crt';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface Image {
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly health: readonly string[];
}

/** Runs the steps of the Dockerfile in clean roots, which `keep` is told of: the last of them is the image. */
export function build(top: string, keep: (root: string) => void): Image {
  const roots = new Map<string | undefined, string>();
  let image: Image | undefined;
  for (const stage of stagesOf(readFileSync(join(top, 'Dockerfile'), 'utf8'))) {
    if (stage.from !== BASE) throw new Error(`a stage begins from ${stage.from}, not from ${BASE}`);
    const root = debianRoot('slim');
    keep(root);
    roots.set(stage.name, root);
    image = { root, environment: { PATH }, user: 'root', folder: '/', command: [], health: [] };
    for (const instruction of stage.instructions) image = follow(instruction, image, { top, roots });
  }
  if (!image) throw new Error('the Dockerfile has no stage');
  return image;
}

function follow(
  { name, rest }: Instruction,
  image: Image,
  { top, roots }: { top: string; roots: ReadonlyMap<string | undefined, string> },
): Image {
  console.log(
    `${new Date().toTimeString().slice(0, 8)} ${name} ${rest.length > 100 ? `${rest.slice(0, 99)}…` : rest}`,
  );
  switch (name) {
    case 'RUN':
      run(rest, image);
      return image;
    case 'COPY':
      copy(rest, image, top, roots);
      return image;
    case 'WORKDIR':
      mkdirSync(join(image.root, rest), { recursive: true });
      return { ...image, folder: rest };
    case 'ARG':
    case 'ENV': {
      const [member = '', value = ''] = rest.split('=');
      return { ...image, environment: { ...image.environment, [member]: value } };
    }
    case 'USER':
      return { ...image, user: rest };
    case 'CMD':
      return { ...image, command: commandOf(rest) };
    case 'HEALTHCHECK':
      return { ...image, health: commandOf(rest) };
    case 'EXPOSE':
    case 'VOLUME':
      return image;
    default:
      throw new Error(`the Dockerfile says ${name}, which is not tried here`);
  }
}

function run(command: string, { root, folder, environment }: Image): void {
  if (existsSync(TRUSTED)) cpSync(TRUSTED, join(root, TRUSTED), { recursive: true });
  const variables = { ...environment, HOME: '/root', NODE_EXTRA_CA_CERTS: ALL_TRUSTED };
  const argv = ['env', '-i', '-C', folder, ...Object.entries(variables).map((pair) => pair.join('='))];
  try {
    execFileSync('chroot', [root, ...argv, 'sh', '-c', command], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`it failed:\n${`${stdout}\n${stderr}`.split('\n').slice(-40).join('\n')}`);
  }
}

function copy(
  rest: string,
  { root, folder }: Image,
  top: string,
  roots: ReadonlyMap<string | undefined, string>,
): void {
  const words = rest.split(/\s+/);
  const stage = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = join(root, folder, words.pop() ?? '');
  for (const word of words) {
    const source = stage === undefined ? join(top, word) : join(roots.get(stage) ?? '', word);
    const isFolder = globSync('*', { cwd: source }).length > 0;
    const to = isFolder ? target : join(target, basename(word));
    // Links inside the tree stay as they are.
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  }
}
