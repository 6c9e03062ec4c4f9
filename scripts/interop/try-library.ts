import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { ALGORITHM_NAMES, type Algorithm } from '../../src/kernel/algorithm.ts';
import type { Library } from './libraries.ts';
import type { Bench } from './task.ts';

interface Both {
  readonly right: boolean;
  readonly foreign: boolean;
}

/** What a library says of itself; null for what it does not have. */
interface Result {
  readonly library: string;
  readonly tokens: Readonly<Record<Algorithm, Both>> | null;
  readonly introspection: Both | null;
  readonly revocation: boolean | null;
  readonly discovery: boolean | null;
}

/** One line of the table: the library with its version, then a word for each column. */
export type Row = readonly [library: string, ...cells: string[]];

export const COLUMNS = ['library', ...ALGORITHM_NAMES, 'introspection', 'revocation', 'discovery'] as const;
/** It took a token of another scope. */
export const WRONG = 'WRONG';

export async function tryLibrary({ name, command }: Library, bench: Bench): Promise<Row> {
  const task = await bench.task();
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'pipe' });
  child.stdin.end(JSON.stringify(task));
  const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (said === '') throw new Error(`${name}: ${complaints}`);
  const result = JSON.parse(said) as Result;
  const { library, tokens, introspection, revocation, discovery } = result;
  return [
    library,
    ...ALGORITHM_NAMES.map((name) => told(tokens === null ? null : tokens[name])),
    told(introspection),
    yesOrNo(revocation === null ? null : revocation && (await bench.isRevoked(task))),
    yesOrNo(discovery),
  ];
}

/** `yes` where what is right passes and what is foreign does not. */
function told(both: Both | null): string {
  return both?.foreign ? WRONG : yesOrNo(both === null ? null : both.right);
}

function yesOrNo(value: boolean | null): string {
  if (value === null) return '–';
  return value ? 'yes' : 'no';
}
