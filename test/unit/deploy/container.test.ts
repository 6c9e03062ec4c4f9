import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = new URL('../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

interface Service {
  readonly command: readonly string[];
  readonly environment?: unknown;
  readonly secrets: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
};
const instructions = read('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line !== '' && !line.startsWith('#'));

/** What a command word may be: a program of the checkout, or `keyward`, which the image links. */
function runs(program: string): boolean {
  const file = new URL(program === 'keyward' ? 'scripts/keyward' : program, root);
  accessSync(file, constants.X_OK);
  return true;
}

describe('docker-compose.yml', () => {
  const services = Object.entries(compose.services);

  it('has a one-shot that makes the token and the service that waits for it', () => {
    expect(Object.keys(compose.services)).toEqual(['token', 'keyward']);
  });

  it.each(services)('runs in `%s` programs that exist', (_name, service) => {
    expect(runs(service.command[0] ?? '')).toBe(true);
    expect(runs(service.healthcheck?.test[1] ?? 'keyward')).toBe(true);
  });

  it.each(services)(
    'gives `%s` the PIN as a file alone, a read-only root and no capability',
    (_name, service) => {
      expect(service.secrets).toEqual(['pin']);
      expect(service.environment).toBeUndefined();
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.volumes).toEqual(['state:/var/lib/keyward']);
    },
  );

  it('names the PIN file where the token’s maker reads it', () => {
    expect(compose.secrets).toEqual({ pin: { file: `${'$'}{KEYWARD_PIN_FILE:-.keyward-docker/pin}` } });
    expect(compose.services.token?.command).toContain('/run/secrets/pin');
  });

  it('publishes the data plane on loopback and the operations plane nowhere', () => {
    expect(compose.services.keyward?.ports).toEqual([`127.0.0.1:${'$'}{KEYWARD_PORT:-8080}:8080`]);
    expect(compose.services.token?.ports).toBeUndefined();
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
