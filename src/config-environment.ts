/** What the environment may say; secrets never come this way (I8). */
export interface Environment {
  readonly configFile: string;
  readonly nodeOptions: string;
  readonly operationsUrl: string | undefined;
  readonly credentialFile: string | undefined;
  readonly noColor: boolean;
}

/** Absolute: a folder in which somebody works may be anybody's, and must not configure what they run there. */
const DEFAULT_CONFIG_FILE = '/etc/keyward/config.yaml';

/** The only place that reads `process.env`. Loads nothing, so that the command line starts quickly. */
export function readEnvironment(): Environment {
  const env = process.env;
  return {
    configFile: env.KEYWARD_CONFIG ?? DEFAULT_CONFIG_FILE,
    nodeOptions: env.NODE_OPTIONS ?? '',
    operationsUrl: env.KEYWARD_OPERATIONS_URL,
    credentialFile: env.KEYWARD_CREDENTIAL_FILE,
    noColor: (env.NO_COLOR ?? '') !== '',
  };
}
