import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileShared } from './compile-shared.ts';

const SOURCE = fileURLToPath(new URL('shim/pkcs11-shim.c', import.meta.url));
const RULE =
  /^C_\w+ (?:(?:delay|return|since|flags|sessions|drop) \w+|hang|kill|abort|flip|(?:fail|refuse) \w+ \w+|change \w+ [0-9a-f]+)(?: before| after| at \d+| for \d+| id [0-9a-f]+)*$/;

/** A module that passes every call on to another one, counts it, and misbehaves on demand. */
export interface Shim {
  readonly modulePath: string;
  /** What the process that loads the module needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Replaces the rules, at once and for processes that run already; the syntax stands at the head of
   * `shim/pkcs11-shim.c`. `at 1` is the first call after this.
   */
  control(rules: readonly string[]): void;
  /** How often the function was called, by all processes together, since the shim was made; `hang`: how often any hung. */
  calls(functionName: string): number;
  remove(): void;
}

/** Path of the compiled module. */
export function compileShim(): Promise<string> {
  return compileShared(SOURCE);
}

export async function createShim(options: { readonly realModule: string }): Promise<Shim> {
  const modulePath = await compileShim();
  const directory = await mkdtemp(join(tmpdir(), 'keyward-shim-'));
  const controlFile = join(directory, 'control');
  const calls = (functionName: string) => sizeOf(join(directory, functionName));
  return {
    modulePath,
    environment: {
      KEYWARD_SHIM_MODULE: options.realModule,
      KEYWARD_SHIM_COUNTS: directory,
      KEYWARD_SHIM_CONTROL: controlFile,
    },
    control(rules) {
      const wrong = rules.find((rule) => !RULE.test(rule));
      if (wrong !== undefined) throw new TypeError(`not a rule of the shim: ${wrong}`);
      const named = new Set(rules.map((rule) => rule.split(' ', 1)[0] ?? ''));
      const since = [...named].map((name) => `${name} since ${calls(name)}`);
      writeFileSync(`${controlFile}.new`, [...since, ...rules, ''].join('\n'));
      renameSync(`${controlFile}.new`, controlFile);
    },
    calls,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
