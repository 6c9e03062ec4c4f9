import { type Command, CommanderError } from 'commander';
import type { Environment } from '../config-environment.ts';
import { KeywardError } from '../domain/errors.ts';
import { paint } from './colour.ts';
import type { Context, GlobalOptions, Terminal } from './context.ts';
import { CommandFailure, EXIT, type ExitCode } from './failure.ts';
import { program } from './program.ts';

/** Where the command runs; tests give their own. */
export interface Surroundings {
  readonly environment: Environment;
  nowSeconds(): number;
  readonly isTerminal: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Runs one command line, without the program's name, and answers its exit code. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const terminal = terminalOf(surroundings);
  const keyward = program((command) => contextOf(command, surroundings, terminal));
  quieten(keyward, surroundings);
  try {
    await keyward.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, keyward.opts<GlobalOptions>().json === true, surroundings, terminal);
  }
}

function terminalOf(surroundings: Surroundings): Terminal {
  const colour = surroundings.isTerminal && !surroundings.environment.noColor;
  return {
    colour,
    get nowSeconds() {
      return surroundings.nowSeconds();
    },
    print: (text) => surroundings.out(`${text}\n`),
    warn: (text) => surroundings.err(`${paint('warning:', 'yellow', colour)} ${text}\n`),
  };
}

function contextOf(command: Command, { environment }: Surroundings, terminal: Terminal): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  return { options, environment, terminal, configFile: options.config ?? environment.configFile };
}

/** Commander writes and throws instead of ending the process, in every command of the tree. */
function quieten(command: Command, { out, err }: Pick<Surroundings, 'out' | 'err'>): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .showHelpAfterError('(--help shows how)');
  for (const child of command.commands) quieten(child, { out, err });
}

function report(error: unknown, json: boolean, { err }: Surroundings, terminal: Terminal): ExitCode {
  const failure = known(error);
  if (!failure) throw error;
  const { code, message, requestId } = failure;
  const request = requestId === undefined ? '' : ` (request ${requestId})`;
  err(
    json
      ? `${JSON.stringify({ code, detail: message, ...(requestId ? { request_id: requestId } : {}) })}\n`
      : `${paint('error:', 'red', terminal.colour)} ${message} [${code}]${request}\n`,
  );
  return failure.exitCode;
}

function known(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (error instanceof KeywardError) return new CommandFailure(EXIT.failed, error.code, error.message);
  return undefined;
}
