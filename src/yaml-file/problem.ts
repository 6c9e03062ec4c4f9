import { KeywardError } from '../kernel/errors.ts';
import type { ValidationIssue } from '../kernel/policy.ts';

/** Where something stands in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
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

/** In the order of the text, and no more of them than anyone reads at once. */
export function firstProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems]
    .sort((one, other) => one.line - other.line || one.column - other.column)
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

/** A configuration with something wrong in it: `invalid_config`. The message names all of it in one line. */
export class FlawedFile extends KeywardError {
  readonly file: string;
  readonly problems: readonly Problem[];

  /** `problems`: at least one. */
  constructor(file: string, problems: readonly Problem[]) {
    const all = problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    super('invalid_config', all.join('; '));
    this.file = file;
    this.problems = problems;
  }

  /** To stand beside the list of the problems. */
  get summary(): string {
    return summaryOf(this.file, this.problems);
  }
}
