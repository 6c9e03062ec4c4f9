/** What the environment may say; secrets never come this way (I8). */
export interface Environment {
  readonly configFile: string;
  readonly nodeOptions: string;
  readonly operationsUrl: string | undefined;
  readonly credentialFile: string | undefined;
  readonly noColor: boolean;
}

/** The only place that reads `process.env`. Loads nothing, so that the command line starts quickly. */
export function readEnvironment(): Environment {
  const env = process.env;
  return {
    configFile: env.KEYWARD_CONFIG ?? '.keyward/config.yaml',
    nodeOptions: env.NODE_OPTIONS ?? '',
    operationsUrl: env.KEYWARD_OPERATIONS_URL,
    credentialFile: env.KEYWARD_CREDENTIAL_FILE,
    noColor: (env.NO_COLOR ?? '') !== '',
  };
}
