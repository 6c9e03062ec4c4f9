import { type Command, Option } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { SEVERITIES } from '../kernel/security-event-types.ts';
import { EVENT_STATES } from '../kernel/security-events.ts';

export function addEventCommands(program: Command, contextOf: Contextual): void {
  const event = program.command('event').description('security events, and what people do about them');
  event
    .command('list')
    .description('what detections found, the newest first; --json shows the evidence')
    .addOption(new Option('--state <state>', 'in this state').choices(EVENT_STATES))
    .addOption(new Option('--severity <severity>', 'of this severity').choices(SEVERITIES))
    .option('--type <type>', 'of this type, such as token.never_issued')
    .option('--scope <id>', 'about this scope, or about a key of it')
    .option('--before <sequence>', 'older than this one', wholeNumber)
    .addHelpText(
      'after',
      examples('keyward event list', 'keyward event list --state open --severity critical --json'),
    )
    .action(async (options, command: Command) => {
      const { eventList } = await import('./cli-output.ts');
      await eventList(contextOf(command), options);
    });
  event
    .command('show')
    .description('one event with its evidence, and who did what about it')
    .argument('<sequence>', 'its number in the list', wholeNumber)
    .addHelpText('after', examples('keyward event show 17', 'keyward event show 17 --json'))
    .action(async (sequence: number, _options, command: Command) => {
      const { eventShow } = await import('./cli-output.ts');
      await eventShow(contextOf(command), sequence);
    });
  event
    .command('acknowledge')
    .description('take an event up, so that nobody else is called for it')
    .argument('<sequence>', 'its number in the list', wholeNumber)
    .option('--note <text>', 'for the audit trail: name no person in it')
    .addHelpText('after', examples('keyward event acknowledge 17 --note "looking at it"'))
    .action(async (sequence: number, options, command: Command) => {
      const { eventStep } = await import('./cli-output.ts');
      await eventStep(contextOf(command), sequence, 'acknowledge', options);
    });
  event
    .command('resolve')
    .description('say that an event is dealt with, for good')
    .argument('<sequence>', 'its number in the list', wholeNumber)
    .requiredOption('--note <text>', 'what it was, for the audit trail: name no person in it')
    .addHelpText(
      'after',
      examples('keyward event resolve 17 --note "the key was destroyed by hand, as planned"'),
    )
    .action(async (sequence: number, options, command: Command) => {
      const { eventStep } = await import('./cli-output.ts');
      await eventStep(contextOf(command), sequence, 'resolve', options);
    });
}
