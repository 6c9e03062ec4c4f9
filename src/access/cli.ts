import type { Command } from 'commander';
import { examples } from '../cli/examples.ts';
import type { Contextual } from '../cli/program.ts';
import { addProbeCommands } from '../probes/cli.ts';

export function addClientCommands(program: Command, contextOf: Contextual): void {
  const client = program.command('client').description('identity and relying services');
  client
    .command('create')
    .description('enrol a client; its credential is shown or stored this once')
    .argument('<id>')
    .option('--description <text>', 'what it is')
    .option(
      '--out <file>',
      'make the credential here, into this new file (0600): the service learns its digest',
    )
    .addHelpText(
      'after',
      examples('keyward client create payments-identity --out payments-identity.credential'),
    )
    .action(async (id: string, options, command: Command) => {
      const { clientCreate } = await import('./cli-clients.ts');
      await clientCreate(contextOf(command), id, options);
    });
  client
    .command('credential <id>')
    .description('a new credential in place of the one it has, which is refused from then on')
    .option('--out <file>', 'make the credential here, into this new file (0600)')
    .addHelpText('after', examples('keyward client credential payments-identity --out new.credential'))
    .action(async (id: string, options, command: Command) => {
      const { clientCredential } = await import('./cli-clients.ts');
      await clientCredential(contextOf(command), id, options);
    });
  client
    .command('list')
    .description('all clients with their grants')
    .addHelpText('after', examples('keyward client list', 'keyward client list --json'))
    .action(async (_options, command: Command) => {
      const { clientList } = await import('../cli/actions/client-list.ts');
      await clientList(contextOf(command));
    });
  client
    .command('revoke')
    .description('refuse the client from now on')
    .argument('<id>')
    .addHelpText('after', examples('keyward client revoke payments-identity'))
    .action(async (id: string, _options, command: Command) => {
      const { clientRevoke } = await import('../cli/actions/client-revoke.ts');
      await clientRevoke(contextOf(command), id);
    });
  addProbeCommands(client, contextOf);
}
