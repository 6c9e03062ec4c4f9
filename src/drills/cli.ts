import { Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import type { Noun } from '../cli/verb.ts';

export const DRILL: Noun = {
  name: 'drill',
  description: 'rehearsals of what nobody wants to do for the first time',
  verbs: [
    {
      name: 'compromise',
      description: 'compromise the key of a drill scope, which serves nobody, and time all that follows',
      options: [
        new Option('--scope <id>', 'the drill scope; it is made where there is none').default('drill'),
        ['--timeout <seconds>', 'how long it may take until all is seen', wholeNumber, 60],
        ['--out <file>', 'write the report into this new file, too, as JSON'],
      ],
      examples: [
        'keyward drill compromise',
        'keyward drill compromise --scope drill --out drill-2026-11.json',
      ],
      load: async () => (await import('./cli-compromise.ts')).drillCompromise,
    },
    {
      name: 'list',
      description: 'rehearsals with their dates, and when the next are due',
      examples: ['keyward drill list', 'keyward drill list --json'],
      load: async () => (await import('./cli-output.ts')).drillList,
    },
  ],
};
