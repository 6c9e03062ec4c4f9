import type { Noun } from '../cli/verb.ts';

export const VERIFIER: Noun = {
  name: 'verifier',
  description: 'services that verify tokens by themselves',
  verbs: [
    {
      name: 'list',
      description: 'who follows the events of a scope, which key set each holds, and who lags behind',
      options: [['--scope <id>', 'of this scope only']],
      examples: ['keyward verifier list', 'keyward verifier list --scope payments --json'],
      load: async () => (await import('./cli-output.ts')).verifierList,
    },
    {
      name: 'pins',
      description: 'the public keys that sign key sets, for the registryKey of verifiers',
      options: [],
      examples: ['keyward verifier pins --json'],
      load: async () => (await import('./cli-output.ts')).verifierPins,
    },
  ],
};
