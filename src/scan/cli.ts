import type { Verb } from '../cli/verb.ts';

export const SCAN: Verb = {
  name: 'scan',
  description: 'look for credentials, live tokens, PINs and private keys where they should not be',
  operands: [['[paths...]', 'files and folders; archives and core dumps among them are looked into']],
  options: [
    ['--git <repository>', 'every object of a repository, also what no commit reaches any more'],
    ['--stdin', 'what comes on standard input'],
    ['--offline', 'ask nobody: tokens are reported unchecked'],
    [
      '--pin-file <file>',
      'also look for the exact bytes of the PIN in this file, however encoded; may be given again',
      (file: string, others: readonly string[] = []) => [...others, file],
    ],
    ['--ignore-file <file>', 'fingerprints of what is known and harmless'],
    ['--report', 'have the service raise `credential.leaked` for what is on record there'],
    ['--sarif', 'print SARIF 2.1.0'],
  ],
  examples: ['keyward scan .', 'keyward scan --git . --offline --sarif', 'keyward scan --stdin < core.1234'],
  load: async () => (await import('./cli-scan.ts')).scan,
};
