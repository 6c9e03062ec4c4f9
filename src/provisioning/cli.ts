import type { Command } from 'commander';
import { examples } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

const FILE = [
  '-f, --file <file>',
  'scopes, clients and grants as YAML or JSON; - reads standard input',
] as const;

/** Scopes, clients and grants from a file. */
export function addProvisioningCommands(program: Command, contextOf: Contextual): void {
  program
    .command('plan')
    .description('show what apply would change; exit code 2 where that is something, 0 where it is nothing')
    .requiredOption(...FILE)
    .addHelpText('after', examples('keyward plan -f scopes.yaml', 'keyward plan -f scopes.yaml --json'))
    .action(async (options, command: Command) => {
      const { plan } = await import('./cli-plan.ts');
      await plan(contextOf(command), options);
    });
  program
    .command('apply')
    .description('make the service what the file says, and propose what takes a second person')
    .requiredOption(...FILE)
    .option('--credentials <folder>', 'where the credentials of new clients are written (0600)')
    .addHelpText(
      'after',
      examples(
        'keyward apply -f scopes.yaml --credentials credentials',
        'keyward apply -f scopes.yaml --json',
      ),
    )
    .action(async (options, command: Command) => {
      const { apply } = await import('./cli-apply.ts');
      await apply(contextOf(command), options);
    });
  program
    .command('export')
    .description('print what there is, in the form that plan and apply read')
    .addHelpText('after', examples('keyward export > scopes.yaml', 'keyward export --json'))
    .action(async (_options, command: Command) => {
      const { exportState } = await import('./cli-plan.ts');
      await exportState(contextOf(command));
    });
  program
    .command('schema')
    .description('print the JSON Schema of that form, for editors')
    .addHelpText('after', examples('keyward schema > keyward-scopes.schema.json', 'keyward schema --json'))
    .action(async (_options, command: Command) => {
      const { schema } = await import('./cli-plan.ts');
      await schema(contextOf(command));
    });
}
