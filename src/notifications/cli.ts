import { type Command, Option } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { DELIVERY_STATES } from '../kernel/notifications.ts';

export function addNotifyCommands(program: Command, contextOf: Contextual): void {
  const notify = program
    .command('notify')
    .description('who is told of security events, and what reached them');
  notify
    .command('test')
    .description('send a test to every notification target; 1 where one did not take it')
    .option('--target <name>', 'to this one alone')
    .addHelpText('after', examples('keyward notify test', 'keyward notify test --target on-call --json'))
    .action(async (options, command: Command) => {
      const { notifyTest } = await import('./cli-output.ts');
      await notifyTest(contextOf(command), options);
    });
  notify
    .command('list')
    .description('what was sent, is to be sent, or was given up, the newest first')
    .addOption(new Option('--state <state>', 'in this state').choices(DELIVERY_STATES))
    .option('--target <name>', 'to this target')
    .option('--before <id>', 'older than this one', wholeNumber)
    .addHelpText('after', examples('keyward notify list', 'keyward notify list --state dead --json'))
    .action(async (options, command: Command) => {
      const { notifyList } = await import('./cli-output.ts');
      await notifyList(contextOf(command), options);
    });
  notify
    .command('replay')
    .description('send once more what was given up')
    .argument('<id>', 'its id in the list', wholeNumber)
    .addHelpText('after', examples('keyward notify replay 12'))
    .action(async (id: number, _options, command: Command) => {
      const { notifyReplay } = await import('./cli-output.ts');
      await notifyReplay(contextOf(command), id);
    });
}
