import { Option } from 'commander';
import { paging, wholeNumber } from '../cli/arguments.ts';
import type { Noun } from '../cli/verb.ts';
import { DELIVERY_STATES } from './delivery.ts';

export const NOTIFY: Noun = {
  name: 'notify',
  description: 'who is told of security events, and what reached them',
  verbs: [
    {
      name: 'test',
      description: 'send a test to every notification target; 1 where one did not take it',
      options: [['--target <name>', 'to this one alone']],
      examples: ['keyward notify test', 'keyward notify test --target on-call --json'],
      load: async () => (await import('./cli-output.ts')).notifyTest,
    },
    {
      name: 'list',
      description: 'what was sent, is to be sent, or was given up, the newest first',
      options: [
        new Option('--state <state>', 'in this state').choices(DELIVERY_STATES),
        ['--target <name>', 'to this target'],
        ...paging('id', wholeNumber),
      ],
      examples: ['keyward notify list', 'keyward notify list --state dead --json'],
      load: async () => (await import('./cli-output.ts')).notifyList,
    },
    {
      name: 'replay',
      description: 'send once more what was given up',
      operands: [['<id>', 'its id in the list', wholeNumber]],
      examples: ['keyward notify replay 12'],
      load: async () => (await import('./cli-output.ts')).notifyReplay,
    },
  ],
};
