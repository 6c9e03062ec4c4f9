import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addScanCommand(program: Command, contextOf: Contextual): void {
  program
    .command('scan')
    .description('look for credentials, live tokens, PINs and private keys where they should not be')
    .argument('[paths...]', 'files and folders; archives and core dumps among them are looked into')
    .option('--git <repository>', 'every object of a repository, also what no commit reaches any more')
    .option('--stdin', 'what comes on standard input')
    .option('--offline', 'ask nobody: tokens are reported unchecked')
    .option(
      '--pin-file <file>',
      'also look for the exact bytes of the PIN in this file, however encoded; may be given again',
      (file: string, others: readonly string[] = []) => [...others, file],
    )
    .option('--ignore-file <file>', 'fingerprints of what is known and harmless')
    .option('--report', 'have the service raise `credential.leaked` for what is on record there')
    .option('--sarif', 'print SARIF 2.1.0')
    .addHelpText(
      'after',
      examples(
        'keyward scan .',
        'keyward scan --git . --offline --sarif',
        'keyward scan --stdin < core.1234',
      ),
    )
    .action(async (paths: string[], options, command: Command) => {
      const { scan } = await import('./cli-scan.ts');
      await scan(contextOf(command), paths, options);
    });
}
