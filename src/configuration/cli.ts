import type { Verbs } from '../cli/verb.ts';

export const CONFIGURATION: Verbs = [
  {
    name: 'config',
    description: 'check and show the configuration; needs no service and no HSM',
    verbs: [
      {
        name: 'check',
        description:
          'show the mistakes in file, environment and PEM files, the first twenty; exit code 1 where there is one',
        examples: ['keyward config check', 'keyward config check --config keyward.yaml --json'],
        load: async () => (await import('./cli-output.ts')).check,
      },
      {
        name: 'show',
        description: 'print what the service would use, with defaults and without secrets',
        examples: ['keyward config show', 'keyward config show --json'],
        load: async () => (await import('./cli-output.ts')).showConfiguration,
      },
      {
        name: 'schema',
        description: 'print the JSON Schema of the file, for editors',
        examples: ['keyward config schema > keyward-config.schema.json'],
        load: async () => (await import('./cli-output.ts')).schema,
      },
    ],
  },
  {
    name: 'reload',
    description: 'make the running service read its configuration and certificates again',
    note: `
A mistake changes nothing. What takes a restart is named and left as it is, and
the exit code is 1. SIGHUP does the same.
`,
    examples: ['keyward reload', 'keyward reload --json'],
    load: async () => (await import('./cli-reload.ts')).reload,
  },
];
