import { Argument } from 'commander';
import { type Noun, required } from '../cli/verb.ts';

export const HSM: Noun = {
  name: 'hsm',
  description: 'the HSM tokens that hold the keys',
  verbs: [
    {
      name: 'inventory',
      description: 'what is in each HSM token against the registry; exit code 1 where they differ',
      options: [
        ['--token <name>', 'of this token only, by its name in the configuration'],
        ['--last', 'what the last look found, without another'],
      ],
      examples: ['keyward hsm inventory', 'keyward hsm inventory --token issuer-b --json'],
      load: async () => (await import('../inventory/cli-output.ts')).hsmInventory,
    },
    {
      name: 'make-pin',
      description: 'make a PIN of 43 characters that `keyward scan` recognises; the HSM’s own tools set it',
      options: [required('--out <file>', 'new file for the PIN (0600)')],
      examples: ['keyward hsm make-pin --out /etc/keyward/pin'],
      load: async () => (await import('./cli-output.ts')).hsmMakePin,
    },
    {
      name: 'clear-latch',
      description:
        'let the PIN be tried once more, after it was rejected or its answer never came; takes two',
      operands: [new Argument('[token]', 'name of the token in the configuration').default('primary')],
      examples: ['keyward hsm clear-latch', 'keyward hsm clear-latch issuer-b'],
      load: async () => (await import('./cli-output.ts')).hsmClearLatch,
    },
    {
      name: 'replace',
      description:
        'after the loss of the first token, with the service stopped: make registry and audit keys on the one that hsm names now',
      examples: ['keyward hsm replace', 'keyward hsm replace --json'],
      load: async () => (await import('../restore/cli-output.ts')).hsmReplace,
    },
    {
      name: 'enrol',
      description: 'have the service believe the keys that keyward hsm replace made; takes two',
      options: [
        required('--reason <text>', 'what happened to the token, for the audit trail'),
        [
          '--stolen',
          'the lost token was stolen: mark all its keys compromised, and reject everything they signed',
        ],
      ],
      examples: [
        'keyward hsm enrol --reason "the HSM was destroyed by fire"',
        'keyward hsm enrol --stolen --reason "the HSM is missing from its rack"',
      ],
      load: async () => (await import('../keys/cli-hsm.ts')).hsmEnrol,
    },
    {
      name: 'compromise <token>',
      description:
        'mark all keys on a token compromised: reject everything they signed, and make no further key there',
      options: [
        required('--reason <text>', 'why, for the audit trail'),
        ['--keep-for-forensics', 'leave the private keys in the HSM, where they sign nothing'],
      ],
      examples: ['keyward hsm compromise partner --reason "the PIN was in a mail"'],
      load: async () => (await import('../keys/cli-hsm.ts')).hsmCompromise,
    },
  ],
};
