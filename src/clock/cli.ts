import { type Noun, required } from '../cli/verb.ts';

export const CLOCK: Noun = {
  name: 'clock',
  description: 'the clock of the service',
  verbs: [
    {
      name: 'confirm',
      description:
        'trust the clock of the service, which must agree with the clock of this machine; takes two',
      options: [required('--reason <text>', 'why it is right, for the audit trail')],
      examples: ['keyward clock confirm --reason "down for three weeks; checked by radio clock"'],
      load: async () => (await import('./cli-output.ts')).clockConfirm,
    },
  ],
};
