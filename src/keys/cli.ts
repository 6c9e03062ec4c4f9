import { wholeNumber } from '../cli/arguments.ts';
import { type Noun, required, type Verb } from '../cli/verb.ts';
import type { KeyAct } from './cli-output.ts';

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const YES = ['--yes', 'do not ask, also where the kid is cut short'] as const;
const REASON = ['--reason <text>', 'why, for the audit trail'] as const;

const ACTS: readonly (readonly [KeyAct, string])[] = [
  ['suspend', 'take a key out of use for an investigation, at once; the standby signs in its place'],
  ['resume', 'end an investigation: what the key signed is good again, and it signs no more'],
  ['destroy', 'destroy the private half in the HSM before its time; what is signed stays good'],
];

export const KEY: Noun = {
  name: 'key',
  description:
    'signing keys; a kid may be cut short where it stays unique, and goes behind -- if it then begins with a dash',
  verbs: [
    {
      name: 'list',
      description: 'keys with their states, signing windows and proofs, those out of service too',
      options: [['--scope <id>', 'of this scope only']],
      examples: ['keyward key list', 'keyward key list --scope payments --json'],
      load: async () => (await import('./cli-output.ts')).keyList,
    },
    {
      name: 'show <kid>',
      description: 'one key: its state, its windows, and when what became of it',
      examples: ['keyward key show NzbLsXh8'],
      load: async () => (await import('./cli-output.ts')).keyShow,
    },
    {
      name: 'prove [kid]',
      description:
        'what the HSM shows of a key now, signed by the key and the audit key; exit code 1 if unproven',
      options: [
        ['--nonce <text>', 'the asker’s own, signed with the rest'],
        ['--out <file>', 'write the signed statement into this new file, for an auditor'],
        ['--verify <file>', 'check such a file with public keys alone'],
        ['--audit-key <thumbprint>', 'whose statement to believe (default: the configuration’s)'],
        ['--binding-key <thumbprint>', 'whose binding record to believe (default: the configuration’s)'],
      ],
      examples: [
        'keyward key prove NzbLsXh8 --nonce audit-2026-11 --out NzbLsXh8.json',
        'keyward key prove --verify NzbLsXh8.json',
      ],
      load: async () => (await import('./cli-prove.ts')).keyProve,
    },
    {
      name: 'rotate <scope>',
      description: 'let the standby sign from now on',
      options: [REASON],
      examples: ['keyward key rotate payments', 'keyward key rotate payments --reason "new HSM"'],
      load: async () => (await import('./cli-output.ts')).keyRotate,
    },
    {
      name: 'undo-rotation <scope>',
      description: 'let the key sign again that the last rotation has deactivated, within the grace',
      options: [required(...REASON)],
      examples: ['keyward key undo-rotation payments --reason "verifiers lag"'],
      load: async () => (await import('./cli-output.ts')).undoRotation,
    },
    ...ACTS.map(
      ([act, description]): Verb => ({
        name: `${act} <kid>`,
        description,
        options: [required(...REASON), ...(act === 'destroy' ? [YES] : [])],
        examples: [`keyward key ${act} ${act === 'destroy' ? KID : 'NzbLsXh8'} --reason "case 42"`],
        load: async () => (await import('./cli-output.ts')).keyAct(act),
      }),
    ),
    {
      name: 'compromise <kid>',
      description: 'mark a key compromised: reject everything it signed, immediately and permanently',
      options: [
        required(...REASON),
        YES,
        ['--keep-for-forensics', 'leave the private key in the HSM, where it signs nothing'],
        ['--wait <seconds>', 'for connected verifiers to obey', wholeNumber, 5],
      ],
      examples: [
        `keyward key compromise ${KID} --reason "seen in a crash dump"`,
        'keyward key compromise NzbLsXh8 --yes --reason "case 42" --keep-for-forensics --json',
      ],
      load: async () => (await import('./cli-compromise.ts')).keyCompromise,
    },
    {
      name: 'blast-radius <kid>',
      description: 'what the compromise of a key hits, and which verifiers have obeyed',
      examples: ['keyward key blast-radius NzbLsXh8'],
      load: async () => (await import('./cli-compromise.ts')).keyBlastRadius,
    },
  ],
};
