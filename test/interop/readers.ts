import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { parseStrictObject } from '../../src/token/strict-json.ts';
import { GO_OFFLINE, succeeds } from './runtimes.ts';

type Claims = Readonly<Record<string, unknown>>;

export interface Reading {
  readonly all: Claims;
  /** What a struct with a tag for each registered claim takes. */
  readonly named?: Claims;
}

/** The JSON library that comes with a runtime, or that most of its verifiers use; `missing` names what is not here. */
export interface Reader {
  readonly name: string;
  readonly missing: string | undefined;
  /** The claims of each token, in order, with one process for all; Java comes with no JSON. */
  read?(tokens: readonly string[]): readonly Reading[];
  /** Pairs of names that the runtime takes for one where it ignores case. */
  folds?(): readonly (readonly [string, string])[];
}

const program = (name: string) => fileURLToPath(new URL(`./readers/${name}`, import.meta.url));

function linesOf(command: string, args: readonly string[], input = ''): readonly string[] {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    input,
    env: GO_OFFLINE,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`, { cause: error });
  return stdout.split('\n').slice(0, -1);
}

/** As strictly as a token: what a runtime read as a number that no double holds would not pass. */
const strict = (line: string) => parseStrictObject(line, { maxDepth: 20 });
const pairs = (lines: readonly string[]): [string, string][] => lines.map((line) => JSON.parse(line));
const input = (tokens: readonly string[]) => tokens.map((token) => `${token}\n`).join('');

function go(folder: string): Reader {
  const binary = join(folder, 'reader');
  const missing = succeeds('go', ['build', '-o', binary, program('reader.go')]) ? undefined : 'go';
  return {
    name: 'Go',
    missing,
    read: (tokens) => linesOf(binary, [], input(tokens)).map((line) => strict(line) as unknown as Reading),
    folds: () => pairs(linesOf(binary, ['folds'])),
  };
}

function python(): Reader {
  const run = (...args: string[]) => linesOf('python3', [program('reader.py'), ...args.slice(1)], args[0]);
  return {
    name: 'Python',
    missing: succeeds('python3', ['-c', 'import json']) ? undefined : 'python3',
    read: (tokens) =>
      run(input(tokens)).map((line) => ({ all: strict(line.replace(/"decimal ([^"]+)"/g, '$1')) })),
    folds: () => pairs(run('', 'folds')),
  };
}

const perl: Reader = {
  name: 'Perl',
  missing: succeeds('perl', ['-MJSON::PP', '-MMIME::Base64', '-e', '1']) ? undefined : 'perl with JSON::PP',
  read: (tokens) =>
    linesOf('perl', [program('reader.pl')], input(tokens)).map((line) => ({ all: JSON.parse(line) })),
};

const jq: Reader = {
  name: 'jq',
  missing: succeeds('jq', ['--version']) ? undefined : 'jq',
  read(tokens) {
    const payloads = tokens.map((token) => Buffer.from(token.split('.')[1] ?? '', 'base64url'));
    return linesOf('jq', ['--compact-output', '.'], payloads.join('\n')).map((line) => ({
      all: JSON.parse(line),
    }));
  },
};

const jose: Reader = {
  name: 'jose',
  missing: undefined,
  read: (tokens) => tokens.map((token) => ({ all: decodeJwt(token) })),
};

const java: Reader = {
  name: 'Java',
  missing: succeeds('java', ['-version']) ? undefined : 'java',
  folds: () => pairs(linesOf('java', [program('Folds.java')])),
};

export const readers = (folder: string): readonly Reader[] => [jose, go(folder), python(), perl, jq, java];
