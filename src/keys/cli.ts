import type { Command } from 'commander';
import { examples, wholeNumber } from '../cli/arguments.ts';
import type { Contextual } from '../cli/context.ts';
import type { KeyAct } from './cli-output.ts';

const REASON = ['--reason <text>', 'why, for the audit trail'] as const;

export function addKeyCommands(program: Command, contextOf: Contextual): void {
  const key = program
    .command('key')
    .description(
      'signing keys; a kid may be cut short where it stays unique, and goes behind -- if it then begins with a dash',
    );
  addList(key, contextOf);
  addProof(key, contextOf);
  addRotation(key, contextOf);
  addActs(key, contextOf);
  addCompromise(key, contextOf);
}

function addList(key: Command, contextOf: Contextual): void {
  key
    .command('list')
    .description('keys with their states, signing windows and proofs, those out of service too')
    .option('--scope <id>', 'of this scope only')
    .addHelpText('after', examples('keyward key list', 'keyward key list --scope payments --json'))
    .action(async (options, command: Command) => {
      const { keyList } = await import('./cli-output.ts');
      await keyList(contextOf(command), options);
    });
}

function addProof(key: Command, contextOf: Contextual): void {
  key
    .command('prove [kid]')
    .description(
      'what the HSM shows of a key now, signed by the key and the audit key; exit code 1 if unproven',
    )
    .option('--nonce <text>', 'the asker’s own, signed with the rest')
    .option('--out <file>', 'write the signed statement into this new file, for an auditor')
    .option('--verify <file>', 'check such a file with public keys alone')
    .option('--audit-key <thumbprint>', 'whose statement to believe (default: the configuration’s)')
    .option('--binding-key <thumbprint>', 'whose binding record to believe (default: the configuration’s)')
    .addHelpText(
      'after',
      examples(
        'keyward key prove NzbLsXh8 --nonce audit-2026-11 --out NzbLsXh8.json',
        'keyward key prove --verify NzbLsXh8.json',
      ),
    )
    .action(async (kid: string | undefined, options, command: Command) => {
      const { keyProve } = await import('./cli-prove.ts');
      await keyProve(contextOf(command), kid, options);
    });
}

function addRotation(key: Command, contextOf: Contextual): void {
  key
    .command('rotate <scope>')
    .description('let the standby sign from now on')
    .option(...REASON)
    .addHelpText(
      'after',
      examples('keyward key rotate payments', 'keyward key rotate payments --reason "new HSM"'),
    )
    .action(async (scope: string, options, command: Command) => {
      const { keyRotate } = await import('./cli-output.ts');
      await keyRotate(contextOf(command), scope, options);
    });
  key
    .command('undo-rotation <scope>')
    .description('let the key sign again that the last rotation has deactivated, within the grace')
    .requiredOption(...REASON)
    .addHelpText('after', examples('keyward key undo-rotation payments --reason "verifiers lag"'))
    .action(async (scope: string, options, command: Command) => {
      const { undoRotation } = await import('./cli-output.ts');
      await undoRotation(contextOf(command), scope, options);
    });
}

const ACTS: Readonly<Record<KeyAct, string>> = {
  suspend: 'take a key out of use for an investigation, at once; the standby signs in its place',
  resume: 'end an investigation: what the key signed is good again, and it signs no more',
  destroy: 'destroy the private half in the HSM before its time; what is signed stays good',
};

function addActs(key: Command, contextOf: Contextual): void {
  for (const act of Object.keys(ACTS) as KeyAct[]) {
    key
      .command(`${act} <kid>`)
      .description(ACTS[act])
      .requiredOption(...REASON)
      .addHelpText('after', examples(`keyward key ${act} NzbLsXh8 --reason "case 42"`))
      .action(async (kid: string, options, command: Command) => {
        const { keyAct } = await import('./cli-output.ts');
        await keyAct(contextOf(command), act, kid, options);
      });
  }
}

function addCompromise(key: Command, contextOf: Contextual): void {
  key
    .command('compromise <kid>')
    .description('the key is in other hands: nothing of it is accepted from now on, for good')
    .requiredOption(...REASON)
    .option('--keep-for-forensics', 'leave the private half in the HSM, where it signs nothing')
    .option('--wait <seconds>', 'for connected verifiers to obey', wholeNumber, 5)
    .addHelpText(
      'after',
      examples(
        'keyward key compromise NzbLsXh8 --reason "seen in a crash dump"',
        'keyward key compromise NzbLsXh8 --reason "case 42" --keep-for-forensics --json',
      ),
    )
    .action(async (kid: string, options, command: Command) => {
      const { keyCompromise } = await import('./cli-compromise.ts');
      await keyCompromise(contextOf(command), kid, options);
    });
  key
    .command('blast-radius <kid>')
    .description('what the compromise of a key hits, and which verifiers have obeyed; the whole kid')
    .addHelpText('after', examples('keyward key blast-radius NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'))
    .action(async (kid: string, _options, command: Command) => {
      const { keyBlastRadius } = await import('./cli-compromise.ts');
      await keyBlastRadius(contextOf(command), kid);
    });
}
