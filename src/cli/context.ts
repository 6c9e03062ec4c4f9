import type { Environment } from '../config-environment.ts';
import type { ExitCode } from './failure.ts';
import type { OutputForm, Structured } from './output.ts';

/** Options that stand before or after any command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly context?: string;
  readonly url?: string;
  readonly credentialFile?: string;
  /** As `--output json`. */
  readonly json?: boolean;
  /** As `--output wide`. */
  readonly wide?: boolean;
  readonly output?: OutputForm;
}

/** Where output goes, and how it shall look. */
export interface Terminal {
  readonly colour: boolean;
  /** How wide a line may be; undefined where nothing is to be fitted: in a pipe, and with `--wide`. */
  readonly columns: number | undefined;
  readonly nowSeconds: number;
  print(text: string): void;
  warn(text: string): void;
  /** One line on standard error that changes; undefined where that is no terminal. */
  readonly progress: ((line: string) => void) | undefined;
  /** Asks the person at the terminal; undefined where nobody is there. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Exit code of a command that has done what it should. */
  endWith(code: ExitCode): void;
}

/** What every action is given. */
export interface Context {
  readonly options: GlobalOptions;
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** Undefined where people read the output. */
  readonly structured: Structured | undefined;
  /** Path of the configuration file, as named; it need not exist. */
  readonly configFile: string;
}
