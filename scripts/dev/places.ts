import { join, resolve } from 'node:path';

/** What lies under `.keyward/`; demos, benchmarks and operators rely on these names. */
export interface Places {
  readonly directory: string;
  readonly softhsmConfig: string;
  readonly tokens: string;
  readonly pin: string;
  readonly config: string;
  readonly database: string;
  readonly credentials: string;
  readonly log: string;
  /** There while the first set-up is under way. */
  readonly unfinished: string;
  readonly lock: string;
  /** The operator credential on its way from `keyward init` into `credentials`. */
  readonly operator: string;
  /** Request headers for curl, one file a credential, so that none stands on a command line. */
  readonly curl: string;
}

export function placesIn(folder: string): Places {
  const directory = resolve(folder);
  const at = (name: string) => join(directory, name);
  return {
    directory,
    softhsmConfig: at('softhsm2.conf'),
    tokens: at('tokens'),
    pin: at('pin'),
    config: at('config.yaml'),
    database: at('keyward.db'),
    credentials: at('credentials.json'),
    log: at('keyward.log'),
    unfinished: at('unfinished'),
    lock: at('start.lock'),
    operator: at('operator'),
    curl: at('curl'),
  };
}
