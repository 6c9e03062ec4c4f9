import { Argument, type Command, Option } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { CANARY_KINDS, type CanaryKind } from '../kernel/canary.ts';

export function addCanaryCommands(program: Command, contextOf: Contextual): void {
  const canary = program.command('canary').description('decoys, whose use anywhere is an alarm');
  canary
    .command('create')
    .description('make a decoy, to be put where nobody has business')
    .addArgument(new Argument('<kind>', 'what it passes for').choices(CANARY_KINDS))
    .requiredOption('--planted <text>', 'where it will be: the alarm tells it, so name no person')
    .option('--out <file>', 'the new file (0600) for the credential or the token')
    .addOption(
      new Option('--plane <plane>', 'of a credential: where it seems to open a door')
        .choices(['data', 'operations'])
        .default('data'),
    )
    .option('--scope <id>', 'of a token, or of a key: what it seems to be for')
    .option('--client <id>', 'of a token: a client that exists and may sign; it is recorded in its name')
    .option('--subject <text>', 'of a token: somebody who is nobody')
    .option('--claims <file>', 'of a token: further claims, a JSON object')
    .option('--ttl <seconds>', 'of a token: how long it would live', wholeNumber)
    .addHelpText(
      'after',
      examples(
        'keyward canary create credential --planted "home of the build user on ci-3" --out keyward.credential',
        'keyward canary create token --planted "environment of the wiki" --scope payments --client payments-identity --subject svc-backup --out token',
      ),
    )
    .action(async (kind: CanaryKind, options, command: Command) => {
      const { canaryCreate } = await import('./cli-output.ts');
      await canaryCreate(contextOf(command), kind, options);
    });
  canary
    .command('list')
    .description('all decoys; for auditors, and that you looked is written down')
    .addHelpText('after', examples('keyward canary list', 'keyward canary list --json'))
    .action(async (_options, command: Command) => {
      const { canaryList } = await import('./cli-output.ts');
      await canaryList(contextOf(command));
    });
  canary
    .command('show')
    .description('one decoy; for auditors, and that you looked is written down')
    .argument('<id>')
    .addHelpText('after', examples('keyward canary show 3f0c9a6e2b7d4185'))
    .action(async (id: string, _options, command: Command) => {
      const { canaryShow } = await import('./cli-output.ts');
      await canaryShow(contextOf(command), id);
    });
  canary
    .command('retire')
    .description('no alarm by it any more, for good; it takes another operator')
    .argument('<id>')
    .addHelpText('after', examples('keyward canary retire 3f0c9a6e2b7d4185'))
    .action(async (id: string, _options, command: Command) => {
      const { canaryRetire } = await import('./cli-output.ts');
      await canaryRetire(contextOf(command), id);
    });
}
