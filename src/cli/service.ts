import type { Command } from 'commander';
import { examples } from './arguments.ts';
import type { Contextual } from './context.ts';

export function addServiceCommands(program: Command, contextOf: Contextual): void {
  program
    .command('init')
    .description('make registry key and audit key in the HSM and enrol the first operators')
    .option(
      '--operator <id=file>',
      'an operator, and the new file (0600) for the credential; give it twice or more. A single one, by name alone, is for development (two_persons: false)',
      (text: string, before: readonly string[]) => [...before, text],
      [] as readonly string[],
    )
    .option('--out <file>', 'of a single operator: the file for the credential, instead of showing it')
    .addHelpText(
      'after',
      examples(
        'keyward init --operator alice=alice.credential --operator bob=bob.credential',
        'keyward init --config /etc/keyward/config.yaml --out operator',
      ),
    )
    .action(async (options, command: Command) => {
      const { init } = await import('./service-verbs.ts');
      await init(contextOf(command), options);
    });
  program
    .command('serve')
    .description('run the service in the foreground; SIGTERM drains and ends it')
    .addHelpText('after', examples('keyward serve', 'keyward serve --config /etc/keyward/config.yaml'))
    .action(async (_options, command: Command) => {
      const { serve } = await import('./service-verbs.ts');
      await serve(contextOf(command));
    });
  program
    .command('doctor')
    .description('check HSM, keys, files and host; each finding says what to do')
    .option('--hsm', 'log in to the HSM also while the service runs: one more use of the PIN')
    .addHelpText(
      'after',
      `
Where no service runs, each HSM token is opened with one login, and makes a trial key pair of each algorithm, which
is proven and destroyed: what stands in the way of a key is named by attribute or mechanism.
${examples('keyward doctor', 'keyward doctor --json', 'keyward doctor --hsm')}`,
    )
    .action(async (options, command: Command) => {
      const { doctor } = await import('../doctor/cli-output.ts');
      await doctor(contextOf(command), options);
    });
}
