import { Argument, type Command } from 'commander';
import type { Noun, Verb, Verbs } from './verb.ts';

export const SERVICE: Verbs = [
  {
    name: 'init',
    description: 'make registry key and audit key in the HSM and enrol the first operators',
    options: [
      [
        '--operator <id=file>',
        'an operator, and the new file (0600) for the credential; give it twice or more. A single one, by name alone, is for development, two_persons: false (default: operator)',
        (text: string, before: readonly string[] = []) => [...before, text],
      ],
      ['--out <file>', 'of a single operator: the file for the credential (default: it is shown)'],
    ],
    examples: [
      'keyward init --operator alice=alice.credential --operator bob=bob.credential',
      'keyward init --config /etc/keyward/config.yaml --out operator',
    ],
    load: async () => (await import('./init-verb.ts')).init,
  },
  {
    name: 'serve',
    description: 'run the service in the foreground; SIGTERM drains and ends it',
    examples: ['keyward serve', 'keyward serve --config /etc/keyward/config.yaml'],
    load: async () => (await import('./serve-verb.ts')).serve,
  },
  {
    name: 'doctor',
    description: 'check HSM, keys, files and host; each finding says what to do',
    note: `
Where no service runs, each HSM token is opened with one login, and makes a
trial key pair of each algorithm, which is proven and destroyed: what stands in
the way of a key is named by attribute or mechanism.
`,
    options: [
      ['--hsm', 'log in to the HSM also while the service runs: one more use of the PIN'],
      [
        '--hsm-report',
        'instead, describe each HSM module and token for a bug report: one use of the PIN. Without label, serial number and keys',
      ],
    ],
    examples: ['keyward doctor', 'keyward doctor --hsm', 'keyward doctor --hsm-report -o json'],
    load: async () => (await import('../doctor/cli-output.ts')).doctor,
  },
];

export const STATUS: Verb = {
  name: 'status',
  description: 'whether anything is wrong, on one screen; exit code 1 if so',
  examples: ['keyward status', 'keyward status --context prod --json'],
  load: async () => (await import('../health/cli-status.ts')).status,
};

/** Of a signer that runs by itself, on its own host and with its own file. */
export const SIGNER: Noun = {
  name: 'signer',
  description: 'a signer under a user of its own, which the service reaches through a Unix socket',
  config: 'file of the signer (default: /etc/keyward-signer/signer.yaml)',
  verbs: [
    {
      name: 'run',
      isDefault: true,
      description: 'run it in the foreground; SIGTERM ends it',
      note: `
Its file is --config, else /etc/keyward-signer/signer.yaml: module, token, PIN
file, latch, the socket, and the one user that may connect. The service names
the socket in hsm.signer, and nothing of these.
`,
      examples: ['keyward signer run', 'keyward signer --config /etc/keyward-signer/signer.yaml'],
      load: async () => (await import('./signer-verbs.ts')).signerRun,
    },
    {
      name: 'check',
      description:
        'show every mistake in its file, and what it names and this host lacks; exit code 1 for any',
      examples: ['keyward signer check', 'keyward signer check --config signer.yaml'],
      load: async () => (await import('./signer-verbs.ts')).signerCheck,
    },
    {
      name: 'clear-latch',
      description: 'let the PIN be tried once more, after it was rejected or its answer never came',
      operands: [new Argument('[token]', 'name of the token in its file').default('primary')],
      note: `
As the signer's user. Compare the PIN file with the HSM first. Then
keyward hsm clear-latch has the service ask again.
`,
      examples: ['keyward signer clear-latch', 'keyward signer clear-latch issuer-b'],
      load: async () => (await import('./signer-verbs.ts')).signerClearLatch,
    },
  ],
};

export const CONTEXT: Noun = {
  name: 'context',
  description: 'services by name: URL, credential file and CA file, bound to each other',
  verbs: [
    {
      name: 'add <name>',
      description:
        'name a service; --url, --credential-file and --ca-file say which. It holds names of files, no secrets',
      options: [
        ['--ca-file <file>', 'PEM: believe certificates of these CAs alone (default: those of the system)'],
      ],
      examples: [
        'keyward context add prod --url https://keyward.example:9090 --credential-file ~/prod.credential --ca-file ca.pem',
      ],
      load: async () => (await import('./context-verbs.ts')).contextAdd,
    },
    {
      name: 'use <name>',
      description: 'make it the service of commands that name none',
      examples: ['keyward context use prod'],
      load: async () => (await import('./context-verbs.ts')).contextUse,
    },
    {
      name: 'list',
      description: 'all contexts; a star at the current one, and files that are gone',
      examples: ['keyward context list', 'keyward context list --json'],
      load: async () => (await import('./context-verbs.ts')).contextList,
    },
    {
      name: 'remove <name>',
      description: 'forget a context; its files stay',
      examples: ['keyward context remove prod'],
      load: async () => (await import('./context-verbs.ts')).contextRemove,
    },
  ],
};

/** Knows every verb: `tree` is asked once the whole command tree is made. */
export const completionOf = (tree: () => Command): Verb => ({
  name: 'completion',
  description: 'print what a shell needs to complete commands and options',
  operands: [new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish'])],
  examples: ['keyward completion bash > /etc/bash_completion.d/keyward', 'keyward completion fish | source'],
  load: async () => {
    const { completion } = await import('./completion.ts');
    return (context, shell) => completion(context, shell, tree());
  },
});
