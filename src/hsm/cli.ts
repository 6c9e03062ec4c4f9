import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addHsmCommands(program: Command, contextOf: Contextual): void {
  const hsm = program.command('hsm').description('the HSM tokens that hold the keys');
  hsm
    .command('inventory')
    .description('what is in each HSM token against the registry; exit code 1 where they differ')
    .option('--token <name>', 'of this token only, by its name in the configuration')
    .option('--last', 'what the last look found, without another')
    .addHelpText('after', examples('keyward hsm inventory', 'keyward hsm inventory --token issuer-b --json'))
    .action(async (options, command: Command) => {
      const { hsmInventory } = await import('../inventory/cli-output.ts');
      await hsmInventory(contextOf(command), options);
    });
  hsm
    .command('make-pin')
    .description('make a PIN of 43 characters that `keyward scan` recognises; the HSM’s own tools set it')
    .requiredOption('--out <file>', 'new file for the PIN (0600)')
    .addHelpText('after', examples('keyward hsm make-pin --out /etc/keyward/pin'))
    .action(async (options, command: Command) => {
      const { hsmMakePin } = await import('./cli-output.ts');
      hsmMakePin(contextOf(command), options);
    });
  hsm
    .command('clear-latch')
    .description('let the PIN be tried once more, after it was rejected or its answer never came; takes two')
    .argument('[token]', 'name of the token in the configuration', 'primary')
    .addHelpText('after', examples('keyward hsm clear-latch', 'keyward hsm clear-latch issuer-b'))
    .action(async (token: string, _options, command: Command) => {
      const { hsmClearLatch } = await import('./cli-output.ts');
      await hsmClearLatch(contextOf(command), token);
    });
  hsm
    .command('replace')
    .description(
      'after the loss of the first token, with the service stopped: make registry and audit keys on the one that hsm names now',
    )
    .addHelpText('after', examples('keyward hsm replace', 'keyward hsm replace --json'))
    .action(async (_options, command: Command) => {
      const { hsmReplace } = await import('../restore/cli-output.ts');
      await hsmReplace(contextOf(command));
    });
  hsm
    .command('enrol')
    .description('have the service believe the keys that keyward hsm replace made; takes two')
    .requiredOption('--reason <text>', 'what happened to the token, for the audit trail')
    .option('--stolen', 'the lost token is in other hands: nothing of any key on it is accepted')
    .addHelpText(
      'after',
      examples(
        'keyward hsm enrol --reason "the HSM was destroyed by fire"',
        'keyward hsm enrol --stolen --reason "the HSM is missing from its rack"',
      ),
    )
    .action(async (options, command: Command) => {
      const { hsmEnrol } = await import('../keys/cli-hsm.ts');
      await hsmEnrol(contextOf(command), options);
    });
  hsm
    .command('compromise <token>')
    .description(
      'its PIN is in other hands: nothing of any key on it is accepted, and none is made there again',
    )
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .option('--keep-for-forensics', 'leave the private halves in the HSM, where they sign nothing')
    .addHelpText('after', examples('keyward hsm compromise partner --reason "the PIN was in a mail"'))
    .action(async (token: string, options, command: Command) => {
      const { hsmCompromise } = await import('../keys/cli-hsm.ts');
      await hsmCompromise(contextOf(command), token, options);
    });
}
