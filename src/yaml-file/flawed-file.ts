import { KeywardError } from '../kernel/errors.ts';
import { type Problem, summaryOf } from './problem.ts';

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
