import type { Command } from 'commander';
import { examples, instant, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import { ALGORITHM_HELP, addPolicyOptions } from './cli-policy.ts';

export function addScopeCommands(program: Command, contextOf: Contextual): void {
  const scope = program.command('scope').description('(issuer, audience) pairs, each with keys of its own');
  addCreate(scope, contextOf);
  addSet(scope, contextOf);
  addRotationPause(scope, contextOf);
  scope
    .command('list')
    .description('all scopes')
    .addHelpText('after', examples('keyward scope list', 'keyward scope list --json'))
    .action(async (_options, command: Command) => {
      const { scopeList } = await import('./cli-scope-output.ts');
      await scopeList(contextOf(command));
    });
  scope
    .command('show')
    .description('one scope with its policy and keys')
    .argument('<id>')
    .addHelpText('after', examples('keyward scope show payments'))
    .action(async (id: string, _options, command: Command) => {
      const { scopeShow } = await import('./cli-scope-output.ts');
      await scopeShow(contextOf(command), id);
    });
  addCeremony(scope, contextOf);
}

function addCeremony(scope: Command, contextOf: Contextual): void {
  scope
    .command('ceremony')
    .description('how a scope was made: by whom, when, and what the HSM showed of its keys')
    .argument('<id>')
    .option('--out <file>', 'write the record into this new file, as JSON')
    .option('--html', 'write it as a page to be printed and signed')
    .addHelpText(
      'after',
      examples(
        'keyward scope ceremony payments --out payments.json',
        'keyward scope ceremony payments --html --out payments.html',
      ),
    )
    .action(async (id: string, options, command: Command) => {
      const { scopeCeremony } = await import('./cli-ceremony.ts');
      await scopeCeremony(contextOf(command), id, options);
    });
}

function addCreate(scope: Command, contextOf: Contextual): void {
  const create = scope
    .command('create')
    .description('make a scope: an active key and a standby are generated in the HSM and published')
    .argument('<id>', '1 to 63 lower-case letters, digits and inner hyphens; never used again')
    .requiredOption('--issuer <url>', '`iss` of its tokens')
    .requiredOption('--audience <text>', '`aud` of its tokens')
    .option('--algorithm <name>', ALGORITHM_HELP)
    .option('--modulus-bits <bits>', 'RSA only: 2048 (default), 3072 or 4096', wholeNumber)
    .option('--hsm-token <name>', 'the HSM token that holds its keys, as the configuration names it');
  addPolicyOptions(create)
    .addHelpText(
      'after',
      examples(
        'keyward scope create payments --issuer https://id.example --audience https://payments.example',
        'keyward scope create mail --issuer https://id.example --audience mail --algorithm PS256 --modulus-bits 3072',
        'keyward scope create chat --issuer https://id.example --audience chat --algorithm EdDSA',
        'keyward scope create partner --issuer https://id.example --audience partner --hsm-token issuer-b',
      ),
    )
    .action(async (id: string, options, command: Command) => {
      const { scopeCreate } = await import('./cli-scope-output.ts');
      await scopeCreate(contextOf(command), id, options);
    });
}

function addSet(scope: Command, contextOf: Contextual): void {
  const set = scope
    .command('set')
    .description(
      'change members of the policy, the contacts or the HSM token; what is not named stays. Says first how many living tokens it refuses',
    )
    .argument('<id>')
    .option('--hsm-token <name>', 'the HSM token that its next keys are made on');
  addPolicyOptions(set)
    .addHelpText(
      'after',
      examples(
        'keyward scope set payments --max-ttl 900',
        'keyward scope set payments --contacts security@example.com on-call@example.com',
      ),
    )
    .action(async (id: string, options, command: Command) => {
      const { scopeSet } = await import('./cli-scope-output.ts');
      await scopeSet(contextOf(command), id, options);
    });
}

function addRotationPause(scope: Command, contextOf: Contextual): void {
  scope
    .command('pause-rotation')
    .description('do not rotate the key by itself until then; its window goes on')
    .argument('<id>')
    .requiredOption(
      '--until <when>',
      'a day, or a moment such as 2026-12-01T08:00Z; at most 90 days away',
      instant,
    )
    .requiredOption('--reason <text>', 'why, for whoever finds the rotation missing')
    .addHelpText(
      'after',
      examples('keyward scope pause-rotation payments --until 2026-12-01 --reason "the HSM moves"'),
    )
    .action(async (id: string, options, command: Command) => {
      const { pauseRotation } = await import('./cli-scope-output.ts');
      await pauseRotation(contextOf(command), id, options);
    });
  scope
    .command('resume-rotation')
    .description('end the pause of the rotation before its time')
    .argument('<id>')
    .addHelpText('after', examples('keyward scope resume-rotation payments'))
    .action(async (id: string, _options, command: Command) => {
      const { resumeRotation } = await import('./cli-scope-output.ts');
      await resumeRotation(contextOf(command), id);
    });
}
