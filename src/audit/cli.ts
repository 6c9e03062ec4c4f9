import type { Command } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';

export function addAuditCommands(program: Command, contextOf: Contextual): void {
  const audit = program
    .command('audit')
    .description('the audit trail: verify, export, follow, accept a restore, confirm');
  addVerify(audit, contextOf);
  audit
    .command('export')
    .description('write the trail of the database as JSON Lines, without personal values')
    .option('--ledger', 'with the chain of the ledger: 43 characters a record')
    .option('--out <file>', 'into this new file (0600) instead of standard output')
    .addHelpText('after', examples('keyward audit export --ledger --out audit-2026-06.jsonl'))
    .action(async (options, command: Command) => {
      const { auditExport } = await import('./cli-output.ts');
      await auditExport(contextOf(command), options);
    });
  audit
    .command('accept-restore')
    .description(
      'go on with a database that was put back from an older copy: what is lost is lost; takes two',
    )
    .requiredOption('--reason <text>', 'why the newer database is gone, for the audit trail')
    .addHelpText('after', examples('keyward audit accept-restore --reason "disk of host a failed"'))
    .action(async (options, command: Command) => {
      const { auditAcceptRestore } = await import('../restore/cli-output.ts');
      await auditAcceptRestore(contextOf(command), options);
    });
  audit
    .command('unwitnessed')
    .description('list audit events that nothing but the database vouches for')
    .addHelpText('after', examples('keyward audit unwitnessed'))
    .action(async (_options, command: Command) => {
      const { auditUnwitnessed } = await import('./cli-output.ts');
      await auditUnwitnessed(contextOf(command));
    });
  audit
    .command('confirm-unwitnessed')
    .description('have these events count as what they say; takes two')
    .requiredOption('--reason <text>', 'how you know that the service wrote them, for the audit trail')
    .addHelpText(
      'after',
      examples('keyward audit confirm-unwitnessed --reason "the HSM was away, the log has them"'),
    )
    .action(async (options, command: Command) => {
      const { auditConfirmUnwitnessed } = await import('./cli-output.ts');
      await auditConfirmUnwitnessed(contextOf(command), options);
    });
  audit
    .command('tail')
    .description('show events as they come; Ctrl-C ends it')
    .option('--after <sequence>', 'begin behind this event; default: the last ten', wholeNumber)
    .option('--no-follow', 'end with the newest event')
    .addHelpText('after', examples('keyward audit tail', 'keyward audit tail --after 0 --no-follow --json'))
    .action(async (options, command: Command) => {
      const { auditTail } = await import('./cli-output.ts');
      await auditTail(contextOf(command), options);
    });
}

function addVerify(audit: Command, contextOf: Contextual): void {
  audit
    .command('verify')
    .description('recompute every chain, check every checkpoint, and name what does not hold')
    .option('--database <file>', 'this database instead of the configured one')
    .option('--file <file>', 'an export or the file of a sink, instead of a database')
    .option('--audit-key <key>', 'thumbprint of the audit key, or a file with its JWK')
    .option('--checkpoint <files...>', 'checkpoints that somebody kept: all must be there')
    .option('--no-sinks', 'do not hold the database against the files of the configured sinks')
    .addHelpText(
      'after',
      examples(
        'keyward audit verify',
        'keyward audit verify --checkpoint audit.jsonl kept/checkpoint-of-monday.json',
        'keyward audit verify --file audit-2026-06.jsonl --audit-key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
      ),
    )
    .action(async (options, command: Command) => {
      const { auditVerify } = await import('../audit-verify/cli-output.ts');
      await auditVerify(contextOf(command), options);
    });
}
