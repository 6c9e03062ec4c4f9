import { KeywardError } from '../kernel/errors.ts';
import type { ValidationIssue } from '../kernel/policy.ts';

/** Where something stands in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** The environment variable that says it in place of the text. */
  readonly variable?: string;
}

/** One thing that is wrong with a file, and what would be right. */
export interface Problem extends Place {
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** The element of the document that was asked for, else the nearest around it. `key`: the name, not the value. */
export type Locate = (path: Path, part?: 'key' | 'value') => Place;

/** Places of a flaw that was found in the document's values. */
export function problemOf({ path, advice }: ValidationIssue, locate: Locate): Problem {
  return { ...locate(path), message: messageOf(path, advice) };
}

/** `hsm.sessions: use 1 or more`, `hsm.pin_file is missing`. */
export function messageOf(path: Path, message: string): string {
  return /^(?:is|has) /.test(message) ? `${pathName(path)} ${message}` : `${pathName(path)}: ${message}`;
}

/** In the order of the text, then of the environment, and no more of them than anyone reads at once. */
export function firstProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems]
    .sort(
      (one, other) =>
        Number(one.variable !== undefined) - Number(other.variable !== undefined) ||
        one.line - other.line ||
        one.column - other.column,
    )
    .slice(0, MOST_PROBLEMS);
}

const MOST_PROBLEMS = 20;

/** `scopes.payments.policy` as the file nests it; the document itself has no name. */
export function pathName(path: Path): string {
  return path.length === 0 ? 'the file' : path.join('.');
}

export function summaryOf(file: string, { length }: readonly Problem[]): string {
  return `${length === 1 ? 'one thing is' : `${length} things are`} wrong in ${file}`;
}

type PlacedMessage =
  | { readonly variable: string; readonly message: string }
  | (Place & { readonly file: string; readonly message: string });

/** As compilers write it; what a variable says has no line. */
export function placedMessage(problem: PlacedMessage): string {
  const { variable, message } = problem;
  if (variable !== undefined) return message.startsWith(variable) ? message : `${variable}: ${message}`;
  const { file, line, column } = problem as Extract<PlacedMessage, Place>;
  return `${file}:${line}:${column}: ${message}`;
}

/** A configuration with something wrong in it: `invalid_config`. The message names all of it in one line. */
export class FlawedFile extends KeywardError {
  readonly file: string;
  readonly problems: readonly Problem[];

  /** `problems`: at least one. */
  constructor(file: string, problems: readonly Problem[]) {
    super('invalid_config', problems.map((problem) => placedMessage({ file, ...problem })).join('; '));
    this.file = file;
    this.problems = problems;
  }

  /** To stand beside the list of the problems. */
  get summary(): string {
    return summaryOf(this.file, this.problems);
  }
}
