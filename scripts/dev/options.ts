import { parseArgs } from 'node:util';
import { Stop } from './say.ts';

export interface Options {
  readonly help: boolean;
  readonly reset: boolean;
  readonly yes: boolean;
  readonly directory: string;
  /** Ports that were named. */
  readonly dataPort: number | undefined;
  readonly operationsPort: number | undefined;
}

export const DEFAULT_PORTS = { dataPort: 8080, operationsPort: 9090 };

export const USAGE = `Usage: ./scripts/start [options]

Sets up a development service under .keyward/ and runs it until Ctrl-C. Run again, it keeps everything.

Options:
  --watch                   restart when a source file changes (npm run dev)
  --reset                   throw .keyward/ away first, after asking
  --yes                     with --reset: do not ask
  --directory <path>        instead of .keyward
  --data-port <port>        first run only (default ${DEFAULT_PORTS.dataPort}); afterwards: config.yaml
  --operations-port <port>  first run only (default ${DEFAULT_PORTS.operationsPort}); afterwards: config.yaml
  --help                    this text`;

export function readOptions(argv: readonly string[]): Options {
  const { values } = parse(argv);
  return {
    help: values.help,
    reset: values.reset,
    yes: values.yes,
    directory: values.directory,
    dataPort: port(values['data-port']),
    operationsPort: port(values['operations-port']),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        reset: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        directory: { type: 'string', default: '.keyward' },
        'data-port': { type: 'string' },
        'operations-port': { type: 'string' },
      },
    });
  } catch (error) {
    throw new Stop(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function port(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535) throw new Stop(`${text} is not a port`);
  return value;
}
