import { Argument, type Command } from 'commander';
import { ACTIONS } from '../../domain/client.ts';
import { examples } from '../examples.ts';
import type { Contextual } from '../program.ts';

const CHANGES = [
  ['add', 'allow a client an action in one scope'],
  ['remove', 'take a grant away; holds with the next request'],
] as const;

export function addGrantCommands(program: Command, contextOf: Contextual): void {
  const grant = program.command('grant').description('what a client may do in a scope');
  for (const [change, description] of CHANGES) {
    grant
      .command(change)
      .description(description)
      .argument('<client>')
      .argument('<scope>')
      .addArgument(new Argument('<action>').choices(ACTIONS))
      .addHelpText('after', examples(`keyward grant ${change} payments-identity payments sign`))
      .action(async (client: string, scope: string, action: string, _options, command: Command) => {
        const { changeGrant } = await import('../actions/change-grant.ts');
        await changeGrant(contextOf(command), change, { client, scope, action });
      });
  }
}
