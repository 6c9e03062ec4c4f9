/** What the command line's exit code says; scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** Failed, or refused by the service. */
  failed: 1,
  /** Wrong arguments, or nothing to log in with. */
  usage: 2,
  /** `plan` alone: something would change. Its wrong usage is `failed`. */
  different: 2,
  /** `scan` alone: secrets were found; or none were, but not everything could be read. */
  found: 1,
  unread: 2,
  /** Nobody answers at the service's address. */
  unreachable: 3,
  /** Nothing is done yet: it takes another operator to approve it. */
  proposed: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** In a file, or in the environment variable that goes before it. */
type FileProblem =
  | {
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly message: string;
    }
  | { readonly variable: string; readonly message: string };

/** Ends a command. `code` is the service's own where it has given one. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly requestId: string | undefined;
  /** What is wrong in a file, each at its place. */
  readonly problems: readonly FileProblem[];

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    requestId?: string,
    problems: readonly FileProblem[] = [],
  ) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.requestId = requestId;
    this.problems = problems;
  }
}

export function usageFailure(message: string): CommandFailure {
  return new CommandFailure(EXIT.usage, 'usage', message);
}

/** Ends a command that did not do what it was asked for. */
export function commandFailure(code: string, message: string): CommandFailure {
  return new CommandFailure(EXIT.failed, code, message);
}
