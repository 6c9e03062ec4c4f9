import { Argument, Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import { type Noun, required } from '../cli/verb.ts';
import { CANARY_KINDS } from './canary.ts';

export const CANARY: Noun = {
  name: 'canary',
  description: 'decoys, whose use anywhere is an alarm',
  verbs: [
    {
      name: 'create',
      description: 'make a decoy, to be put where nobody has business',
      operands: [new Argument('<kind>', 'what it passes for').choices(CANARY_KINDS)],
      options: [
        required('--planted <text>', 'where it will be: the alarm tells it, so name no person'),
        ['--out <file>', 'the new file (0600) for the credential or the token'],
        new Option('--plane <plane>', 'of a credential: where it seems to open a door')
          .choices(['data', 'operations'])
          .default('data'),
        ['--scope <id>', 'of a token, or of a key: what it seems to be for'],
        ['--client <id>', 'of a token: a client that exists and may sign; it is recorded in its name'],
        ['--subject <text>', 'of a token: somebody who is nobody'],
        ['--claims <file>', 'of a token: further claims, a JSON object'],
        [
          '--ttl <seconds>',
          'of a token: how long it would live (default: as the policy of the scope says)',
          wholeNumber,
        ],
      ],
      examples: [
        'keyward canary create credential --planted "home of the build user on ci-3" --out keyward.credential',
        'keyward canary create token --planted "environment of the wiki" --scope payments --client payments-identity --subject svc-backup --out token',
      ],
      load: async () => (await import('./cli-output.ts')).canaryCreate,
    },
    {
      name: 'list',
      description: 'all decoys; for auditors, and that you looked is written down',
      examples: ['keyward canary list', 'keyward canary list --json'],
      load: async () => (await import('./cli-output.ts')).canaryList,
    },
    {
      name: 'show <id>',
      description: 'one decoy; for auditors, and that you looked is written down',
      examples: ['keyward canary show 3f0c9a6e2b7d4185'],
      load: async () => (await import('./cli-output.ts')).canaryShow,
    },
    {
      name: 'retire <id>',
      description: 'retire it permanently: it raises no alarm any more; it takes another operator',
      examples: ['keyward canary retire 3f0c9a6e2b7d4185'],
      load: async () => (await import('./cli-output.ts')).canaryRetire,
    },
  ],
};
