import { run } from '../../src/cli/run.ts';
import type { Environment } from '../../src/config-environment.ts';

/** 2026-11-23 20:00:00Z: the instant at which every command of a test runs. */
export const NOW = 1_795_464_000;

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, with nothing taken from the machine's environment. */
export async function keyward(
  argv: readonly string[],
  options: {
    environment?: Partial<Environment>;
    isTerminal?: boolean;
    columns?: number;
    /** Default: `NOW`. */
    nowSeconds?: number;
    ask?: (question: string) => Promise<string>;
  } = {},
): Promise<Ran> {
  let out = '';
  let err = '';
  const exitCode = await run(argv, {
    environment: {
      configFile: '/nonexistent/config.yaml',
      settings: {},
      nodeOptions: '',
      listen: { pid: undefined, fds: undefined, names: undefined },
      operationsUrl: undefined,
      credentialFile: undefined,
      isConfigNamed: false,
      contextsFile: '/nonexistent/contexts.json',
      noColor: false,
      ...options.environment,
    },
    nowSeconds: () => options.nowSeconds ?? NOW,
    isTerminal: options.isTerminal ?? options.columns !== undefined,
    columns: options.columns,
    ask: options.ask,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err };
}

export interface RanForPrograms {
  readonly exitCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the whole shape
  readonly out: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the whole shape
  readonly err: any;
}

/** The same with `--json`: both streams parsed, each undefined where nothing was written. */
export async function keywardJson(argv: readonly string[]): Promise<RanForPrograms> {
  const { exitCode, out, err } = await keyward([...argv, '--json']);
  const parsed = (text: string) => (text === '' ? undefined : JSON.parse(text));
  return { exitCode, out: parsed(out), err: parsed(err) };
}
