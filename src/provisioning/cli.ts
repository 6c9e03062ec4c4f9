import { required, type Verbs } from '../cli/verb.ts';

const FILE = [
  '-f, --file <file>',
  'scopes, clients and grants as YAML or JSON; - reads standard input',
] as const;

/** Scopes, clients and grants from a file. */
export const PROVISIONING: Verbs = [
  {
    name: 'plan',
    description: 'show what apply would change; exit code 2 where that is something, 0 where it is nothing',
    options: [required(...FILE)],
    examples: ['keyward plan -f scopes.yaml', 'keyward plan -f scopes.yaml --json'],
    load: async () => (await import('./cli-plan.ts')).plan,
  },
  {
    name: 'apply',
    description: 'make the service what the file says, and propose what takes a second person',
    options: [
      required(...FILE),
      ['--credentials <folder>', 'where the credentials of new clients are written (0600)'],
    ],
    examples: [
      'keyward apply -f scopes.yaml --credentials credentials',
      'keyward apply -f scopes.yaml --json',
    ],
    load: async () => (await import('./cli-apply.ts')).apply,
  },
  {
    name: 'export',
    description: 'print what there is, in the form that plan and apply read',
    examples: ['keyward export > scopes.yaml', 'keyward export --json'],
    load: async () => (await import('./cli-plan.ts')).exportState,
  },
  {
    name: 'schema',
    description: 'print the JSON Schema of that form, for editors',
    examples: ['keyward schema > keyward-scopes.schema.json', 'keyward schema --json'],
    load: async () => (await import('./cli-plan.ts')).schema,
  },
];
