import type { Environment } from '../config-environment.ts';
import type { ExitCode } from './failure.ts';

/** Options that stand before or after any command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly url?: string;
  readonly credentialFile?: string;
  readonly json?: boolean;
}

/** Where output goes, and how it shall look. */
export interface Terminal {
  readonly colour: boolean;
  readonly nowSeconds: number;
  print(text: string): void;
  warn(text: string): void;
  /** One line on standard error that changes; undefined where that is no terminal. */
  readonly progress: ((line: string) => void) | undefined;
  /** Exit code of a command that has done what it should. */
  endWith(code: ExitCode): void;
}

/** What every action is given. */
export interface Context {
  readonly options: GlobalOptions;
  readonly environment: Environment;
  readonly terminal: Terminal;
  /** Path of the configuration file, as named; it need not exist. */
  readonly configFile: string;
}
