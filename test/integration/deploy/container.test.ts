import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = new URL('../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly network_mode?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly volumes: readonly string[];
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
};
const instructions = read('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'));

/** A program of the checkout, `keyward`, which the image links, or one of Debian's own. */
function runs(program: string): boolean {
  if (program === 'sh') return true;
  const file = new URL(program === 'keyward' ? 'scripts/keyward' : program, root);
  accessSync(file, constants.X_OK);
  return true;
}

describe('docker-compose.yml', () => {
  const all = Object.entries(compose.services);
  const own = all.filter(([, { image }]) => image === 'keyward');

  it('has a one-shot that makes the token, the token, and the service; watching is an option', () => {
    expect(own.map(([name]) => name)).toEqual(['token', 'hsm', 'keyward']);
    const optional = all.filter(([, { profiles }]) => profiles?.includes('watch'));
    expect(optional.map(([name]) => name)).toEqual(['prometheus', 'grafana']);
  });

  it.each(own)(
    'runs in `%s` a program that exists, with a read-only root and no capability',
    (_name, service) => {
      expect(runs(service.command[0] ?? '')).toBe(true);
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
    },
  );

  it('gives the PIN as a file alone, and neither to the token nor to what watches', () => {
    const holders = all.filter(([, { secrets }]) => secrets?.includes('pin'));
    expect(holders.map(([name]) => name)).toEqual(['token', 'keyward']);
    expect(own.flatMap(([, { environment }]) => Object.keys(environment ?? {}))).toEqual(['SOFTHSM2_CONF']);
    expect(compose.secrets).toEqual({ pin: { file: `${'$'}{KEYWARD_PIN_FILE:-.keyward-docker/pin}` } });
    expect(compose.services.token?.command).toContain('/run/secrets/pin');
  });

  it('shows the key files to the token alone, once they are made', () => {
    const seen = own.filter(([, { volumes }]) => volumes.some((volume) => volume.startsWith('tokens:')));
    expect(seen.map(([name]) => name)).toEqual(['token', 'hsm']);
    const [, folder = ''] = /tokendir = (\S+)/.exec(compose.configs.softhsm?.content ?? '') ?? [];
    expect(compose.services.hsm?.volumes).toContain(`tokens:${folder}`);
    const socket = compose.services.token?.command.at(-1) ?? '';
    expect(compose.services.hsm?.command.join(' ')).toContain(`-n ${socket} `);
  });

  it('mounts volumes and files that there are', () => {
    const sources = all.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const missing = sources.filter((source) =>
      source.startsWith('./') ? !existsSync(new URL(source, root)) : !(source in compose.volumes),
    );
    expect(missing).toEqual([]);
  });

  it('publishes data plane and Grafana on loopback, and the operations plane nowhere', () => {
    expect(compose.services.keyward?.ports).toEqual([
      `127.0.0.1:${'$'}{KEYWARD_PORT:-8080}:8080`,
      `127.0.0.1:${'$'}{GRAFANA_PORT:-3000}:3000`,
    ]);
    expect(all.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['keyward']);
  });
});

describe('Dockerfile', () => {
  it('copies only what exists and what .dockerignore lets through', () => {
    const allowed: readonly string[] = read('.dockerignore').match(/^!\S+$/gm) ?? [];
    const sources = instructions
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.filter((source) => !existsSync(new URL(source, root)))).toEqual([]);
    const tops = sources.map((source) => `!${source.split('/')[0]}`);
    expect(tops.filter((top) => !allowed.includes(top))).toEqual([]);
  });

  it('runs as a user of its own, by a program that exists', () => {
    expect(instructions.filter((line) => line.startsWith('USER'))).toEqual(['USER keyward']);
    expect(instructions.at(-1)).toBe('CMD ["keyward", "serve"]');
    expect(instructions.indexOf('USER keyward')).toBeGreaterThan(
      instructions.findLastIndex((line) => line.startsWith('RUN')),
    );
  });

  it('has no compiler and no npm in what runs, and a list of what is in it', () => {
    const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM')));
    const installed = last.join(' ').match(/apt-get install -y --no-install-recommends ([a-z0-9 -]+)/)?.[1];
    expect(installed?.trim().split(/\s+/)).toEqual(['p11-kit', 'p11-kit-modules', 'softhsm2']);
    expect(instructions.join(' ')).toContain('npm sbom --omit=dev --sbom-format=cyclonedx >sbom.cdx.json');
  });

  it('is asked for its health by a program that exists', () => {
    const [, program = ''] =
      /^HEALTHCHECK .*CMD \["\/opt\/keyward\/([^"]+)"\]$/m.exec(instructions.join('\n')) ?? [];
    expect(runs(program)).toBe(true);
  });

  it('knows no PIN and no other secret', () => {
    const settings = instructions.filter((line) => /^(?:ARG|ENV)/.test(line));
    expect(settings).toEqual(['ARG UID=1000', 'ENV KEYWARD_CONFIG=/var/lib/keyward/config.yaml']);
  });
});

describe('scripts', () => {
  const scripts = [
    ...globSync('scripts/*', { cwd: root }),
    ...globSync('softhsm/*', { cwd: root }),
    '.ci/run',
  ];
  const shell = scripts.filter((file) => !file.includes('.') || file === '.ci/run').filter(isShell);

  it.each(shell.map((file) => [file]))('`%s` has its run bit and stops at the first failure', (file) => {
    expect(runs(file)).toBe(true);
    expect(read(file)).toMatch(/^set -euo pipefail$/m);
  });

  function isShell(file: string): boolean {
    return existsSync(new URL(`${file}/`, root)) ? false : read(file).startsWith('#!/usr/bin/env bash');
  }
});
