import { type Command, CommanderError } from 'commander';
import type { Environment } from '../config-environment.ts';
import { KeywardError, operatorText } from '../kernel/errors.ts';
import { printable } from '../lib/html.ts';
import { safeJson } from '../lib/json.ts';
import { FlawedFile, placedMessage } from '../yaml-file/problem.ts';
import { behindDashes, USUAL_COLUMNS } from './arguments.ts';
import type { Context, GlobalOptions, Terminal } from './context.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { type OutputForm, structuredOutput } from './output.ts';
import { program } from './program.ts';
import { paint, plainText, terminalText } from './text.ts';

/** Where the command runs; tests give their own. */
export interface Surroundings {
  readonly environment: Environment;
  nowSeconds(): number;
  readonly isTerminal: boolean;
  /** How wide the terminal is, where it says so. */
  readonly columns?: number | undefined;
  out(text: string): void;
  err(text: string): void;
  /** One line on standard error that changes; undefined where that is no terminal. */
  readonly progress?: ((line: string) => void) | undefined;
  /** Asks the person at the terminal; undefined where nobody is there. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

/** Runs one command line, without the program's name, and answers its exit code. */
export async function run(argv: readonly string[], given: Surroundings): Promise<ExitCode> {
  const safe = withSafeText(given);
  const surroundings = await fittingErrors(safe);
  let exitCode: ExitCode = EXIT.ok;
  const terminal = terminalOf(surroundings, (code) => {
    exitCode = code;
  });
  const keyward = program((command) => contextOf(command, surroundings, terminal));
  quieten(keyward, surroundings);
  try {
    await keyward.parseAsync(behindDashes(argv, keyward), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode as ExitCode;
    const json = isForPrograms(keyward.opts<GlobalOptions>());
    return report(error, json, json ? safe : surroundings, terminal);
  }
}

/** All that the command line writes goes through here. */
function withSafeText(surroundings: Surroundings): Surroundings {
  const { progress, ask } = surroundings;
  return {
    ...surroundings,
    nowSeconds: () => surroundings.nowSeconds(),
    out: (text) => surroundings.out(terminalText(text)),
    err: (text) => surroundings.err(terminalText(text)),
    progress: progress && ((line) => progress(terminalText(line))),
    ask: ask && ((question) => ask(terminalText(question))),
  };
}

/**
 * What is said on standard error fits the terminal. Measuring takes a package, which is loaded where something is to be
 * fitted.
 */
async function fittingErrors(surroundings: Surroundings): Promise<Surroundings> {
  if (!surroundings.isTerminal) return surroundings;
  const { wrapLines } = await import('./wrap.ts');
  const columns = surroundings.columns || USUAL_COLUMNS;
  return { ...surroundings, err: (text) => surroundings.err(wrapLines(text, columns, plainText)) };
}

function terminalOf(surroundings: Surroundings, endWith: Terminal['endWith']): Terminal {
  const colour = surroundings.isTerminal && !surroundings.environment.noColor;
  return {
    colour,
    columns: surroundings.isTerminal ? surroundings.columns || USUAL_COLUMNS : undefined,
    get nowSeconds() {
      return surroundings.nowSeconds();
    },
    print: (text) => surroundings.out(`${text}\n`),
    progress: surroundings.progress,
    ask: surroundings.ask,
    endWith,
    warn: (text) => surroundings.err(`${paint('warning:', 'yellow', colour)} ${text}\n`),
  };
}

async function contextOf(
  command: Command,
  { environment }: Surroundings,
  terminal: Terminal,
): Promise<Context> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const form = formOf(options);
  return {
    options: { ...options, json: isForPrograms(options) },
    environment,
    terminal: form === 'wide' ? widened(terminal) : terminal,
    structured: await structuredOutput(form),
    configFile: options.config ?? environment.configFile,
  };
}

function formOf({ output, json, wide }: GlobalOptions): OutputForm | undefined {
  if (json) return 'json';
  return output ?? (wide ? 'wide' : undefined);
}

function isForPrograms(options: GlobalOptions): boolean {
  const form = formOf(options);
  return form !== undefined && form !== 'wide';
}

function widened(terminal: Terminal): Terminal {
  return Object.create(terminal, { columns: { value: undefined } });
}

/** Commander writes and throws instead of ending the process, in every command of the tree. */
function quieten(command: Command, { out, err }: Pick<Surroundings, 'out' | 'err'>): void {
  command
    .exitOverride(({ exitCode, code, message }) => {
      throw new CommanderError(exitCode === 0 ? EXIT.ok : usageExit(command), code, message);
    })
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(--help shows how)');
  for (const child of command.commands) quieten(child, { out, err });
}

function usageExit(command: Command): ExitCode {
  return command.name() === 'plan' ? EXIT.failed : EXIT.usage;
}

function report(
  error: unknown,
  json: boolean,
  { err }: Pick<Surroundings, 'err'>,
  { colour }: Terminal,
): ExitCode {
  const failure = known(error);
  if (!failure) throw error;
  err(json ? `${safeJson(asJson(failure))}\n` : asText(failure, colour));
  return failure.exitCode;
}

function asJson({ code, message, requestId, problems }: CommandFailure): object {
  return {
    code,
    detail: message,
    ...(requestId ? { request_id: requestId } : {}),
    ...(problems.length > 0 ? { problems } : {}),
  };
}

/** Places first, each on a line as compilers write them. */
function asText({ code, message, requestId, problems }: CommandFailure, colour: boolean): string {
  const places = problems.map((problem) => printable(placedMessage(problem)));
  const request = requestId === undefined ? '' : ` (request ${requestId})`;
  const sum = `${paint('error:', 'red', colour)} ${message} [${code}]${request}`;
  return [...places, sum].map((each) => `${each}\n`).join('');
}

function known(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (error instanceof FlawedFile) {
    const { code, summary, file, problems } = error;
    const places = problems.map(({ variable, message, ...place }) =>
      variable === undefined ? { file, ...place, message } : { variable, message },
    );
    return new CommandFailure(EXIT.failed, code, summary, undefined, places);
  }
  if (error instanceof KeywardError) return new CommandFailure(EXIT.failed, error.code, operatorText(error));
  return undefined;
}
