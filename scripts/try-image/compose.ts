import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ulimits?: Readonly<Record<string, number>>;
  readonly network_mode?: string;
  readonly init?: boolean;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

/** What `podman run` is to be told of a service of docker-compose.yml: its options, and its command. */
export class ComposeFile {
  readonly #compose: Compose;
  readonly #folder: string;

  constructor(top: string, folder: string) {
    this.#compose = parse(readFileSync(join(top, 'docker-compose.yml'), 'utf8'), { merge: true });
    this.#folder = folder;
  }

  run(name: string, pinFile: string): { readonly options: string[]; readonly command: readonly string[] } {
    const service = this.#compose.services[name];
    if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
    const options = [
      ...(service.read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...(service.init ? ['--init'] : []),
      ...(service.cap_drop ?? []).map((capability) => `--cap-drop=${capability}`),
      ...(service.security_opt ?? []).map((option) => `--security-opt=${option.replace(':true', '')}`),
      ...Object.entries(service.ulimits ?? {}).map(([limit, value]) => `--ulimit=${limit}=${value}:${value}`),
      ...Object.entries(service.environment ?? {}).map((pair) => `--env=${pair.join('=')}`),
      ...(service.volumes ?? []).map((volume) => `--volume=${volume}`),
      ...(service.secrets ?? []).map((secret) => `--volume=${pinFile}:/run/secrets/${secret}:ro`),
      ...(service.configs ?? []).map(({ source, target }) => `--volume=${this.#config(source)}:${target}:ro`),
      // No engine here has a network of its own: what is alone in its network keeps that.
      `--network=${service.network_mode === 'none' ? 'none' : 'private'}`,
    ];
    return { options, command: service.command };
  }

  #config(name: string): string {
    const file = join(this.#folder, name);
    writeFileSync(file, this.#compose.configs[name]?.content ?? '');
    return file;
  }
}
