import type { Noun } from '../cli/verb.ts';

/** `keyward client probe …`. */
export const PROBE: Noun = {
  name: 'probe',
  description: 'send relying services tokens that they must accept, and tokens that they must refuse',
  verbs: [
    {
      name: 'set <client> <scope> <url>',
      description: 'where a relying service answers probes, with 2xx or with 401 or 403; two persons',
      examples: ['keyward client probe set payments-api payments https://pay.example/probe'],
      load: async () => (await import('./cli-output.ts')).probeSet,
    },
    {
      name: 'remove <client> <scope>',
      description: 'probe it no more; two persons',
      examples: ['keyward client probe remove payments-api payments'],
      load: async () => (await import('./cli-output.ts')).probeRemove,
    },
    {
      name: 'list',
      description: 'who is probed, and what each answered last to which token',
      examples: ['keyward client probe list', 'keyward client probe list --json'],
      load: async () => (await import('./cli-output.ts')).probeList,
    },
    {
      name: 'run <client> <scope>',
      description: 'probe it now; ends with 1 where an answer is not as it must be',
      examples: ['keyward client probe run payments-api payments'],
      load: async () => (await import('./cli-output.ts')).probeRun,
    },
  ],
};
