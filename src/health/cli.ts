import type { Verb } from '../cli/verb.ts';

export const STATUS: Verb = {
  name: 'status',
  description: 'whether anything is wrong, on one screen; exit code 1 if so',
  examples: ['keyward status', 'keyward status --context prod --json'],
  load: async () => (await import('./cli-status.ts')).status,
};
