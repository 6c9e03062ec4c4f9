import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

/** `keyward client probe …`. */
export function addProbeCommands(client: Command, contextOf: Contextual): void {
  const probe = client
    .command('probe')
    .description('send relying services tokens that they must accept, and tokens that they must refuse');
  probe
    .command('set')
    .description('where a relying service answers probes, with 2xx or with 401 or 403; two persons')
    .argument('<client>')
    .argument('<scope>')
    .argument('<url>')
    .addHelpText(
      'after',
      examples('keyward client probe set payments-api payments https://payments.example/keyward-probe'),
    )
    .action(async (id: string, scope: string, url: string, _options, command: Command) => {
      const { probeSet } = await import('./cli-output.ts');
      await probeSet(contextOf(command), { client: id, scope, url });
    });
  probe
    .command('remove')
    .description('probe it no more; two persons')
    .argument('<client>')
    .argument('<scope>')
    .addHelpText('after', examples('keyward client probe remove payments-api payments'))
    .action(async (id: string, scope: string, _options, command: Command) => {
      const { probeRemove } = await import('./cli-output.ts');
      await probeRemove(contextOf(command), { client: id, scope });
    });
  probe
    .command('list')
    .description('who is probed, and what each answered last to which token')
    .addHelpText('after', examples('keyward client probe list', 'keyward client probe list --json'))
    .action(async (_options, command: Command) => {
      const { probeList } = await import('./cli-output.ts');
      await probeList(contextOf(command));
    });
  probe
    .command('run')
    .description('probe it now; ends with 1 where an answer is not as it must be')
    .argument('<client>')
    .argument('<scope>')
    .addHelpText('after', examples('keyward client probe run payments-api payments'))
    .action(async (id: string, scope: string, _options, command: Command) => {
      const { probeRun } = await import('./cli-output.ts');
      await probeRun(contextOf(command), { client: id, scope });
    });
}
