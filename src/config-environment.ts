/** What the environment may say; secrets never come this way (I8). */
export interface Environment {
  /** Members of the configuration, by their variables; all others that begin with KEYWARD_. */
  readonly settings: Readonly<Record<string, string>>;
  readonly configFile: string;
  /** Whether the environment names that file. */
  readonly isConfigNamed: boolean;
  readonly nodeOptions: string;
  readonly operationsUrl: string | undefined;
  readonly credentialFile: string | undefined;
  readonly noColor: boolean;
  /** Of listening sockets that a service manager passes (`sd_listen_fds`). */
  readonly listen: Readonly<Record<'pid' | 'fds' | 'names', string | undefined>>;
  /** Where `keyward context` keeps its list (XDG). */
  readonly contextsFile: string;
}

/** Absolute: a folder in which somebody works may be anybody's, and must not configure what they run there. */
const DEFAULT_CONFIG_FILE = '/etc/keyward/config.yaml';

const PREFIX = 'KEYWARD_';
/** For the command line, and for the Compose file. */
const NO_SETTINGS: ReadonlySet<string> = new Set([
  'KEYWARD_CONFIG',
  'KEYWARD_OPERATIONS_URL',
  'KEYWARD_CREDENTIAL_FILE',
  'KEYWARD_UID',
  'KEYWARD_PORT',
  'KEYWARD_PIN_FILE',
]);
/** What Kubernetes tells every container about a Service whose name begins with `keyward`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

function isSetting([name, value = '']: readonly [string, string | undefined]): boolean {
  if (!name.startsWith(PREFIX) || NO_SETTINGS.has(name) || SERVICE_LINK.test(name)) return false;
  return !(name.endsWith('_PORT') && SERVICE_ADDRESS.test(value));
}

/** The only place that reads `process.env`. Loads nothing, so that the command line starts quickly. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    configFile: env.KEYWARD_CONFIG ?? DEFAULT_CONFIG_FILE,
    isConfigNamed: env.KEYWARD_CONFIG !== undefined,
    nodeOptions: env.NODE_OPTIONS ?? '',
    operationsUrl: env.KEYWARD_OPERATIONS_URL,
    credentialFile: env.KEYWARD_CREDENTIAL_FILE,
    settings: Object.fromEntries(Object.entries(env).filter(isSetting)) as Record<string, string>,
    noColor: (env.NO_COLOR ?? '') !== '',
    listen: { pid: env.LISTEN_PID, fds: env.LISTEN_FDS, names: env.LISTEN_FDNAMES },
    contextsFile: `${env.XDG_CONFIG_HOME || `${env.HOME ?? ''}/.config`}/keyward/contexts.json`,
  };
}
