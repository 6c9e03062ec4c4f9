import { resolve } from 'node:path';
import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { requireInput } from '../cli/input-file.ts';
import { Progress } from '../cli/progress.ts';
import { show } from '../cli/show.ts';
import type { TableSum } from '../db/copy/copy-table.ts';
import { type DatabaseSettings, isFile } from '../db/database-settings.ts';
import { makeInitialCopy } from './initial-copy.ts';
import { type MoveRequest, moveStore } from './move.ts';

interface Options {
  readonly toUrlFile?: string;
  readonly toFile?: string;
  readonly initialCopy?: boolean;
  readonly durability: 'replicated' | 'single';
  readonly copies: number;
}

/** As `database.copies` in the configuration. */
const MOST_COPIES = 8;

export async function migrateStore(context: Context, options: Options): Promise<void> {
  const { configFile, terminal } = context;
  const target = targetOf(options);
  const progress = new Progress(terminal.progress);
  const request = { configFile, target, onStep: (what: string) => progress.show(what) };
  const work = options.initialCopy ? copyAhead(context, request) : move(context, request);
  await work.finally(() => progress.end());
}

async function copyAhead(context: Context, request: MoveRequest): Promise<void> {
  const { from, to, tables } = await makeInitialCopy(request);
  show(context, { from, to, initial_copy: true, tables }, () =>
    [
      `Copied: ${from} to ${to}, ${sumOf(tables, 'copied')} of ${sumOf(tables, 'rows')} rows; verified.`,
      'Run it again to copy what has changed by then. To finish, stop the service and',
      'give the same command without --initial-copy.',
    ].join('\n'),
  );
}

async function move(context: Context, request: MoveRequest): Promise<void> {
  const { from, to, tables, event } = await moveStore(request);
  const { configFile, target } = request;
  const rows = tables.length > 0 ? `, ${sumOf(tables, 'copied')} of ${sumOf(tables, 'rows')} rows` : '';
  show(context, { from, to, event, tables, database: target }, () =>
    [
      `Moved: ${from} to ${to}${rows}; audit event ${event} tells of it.`,
      `Write this into ${configFile}, in the place of database, and start the service:`,
      '',
      ...sectionOf(target),
    ].join('\n'),
  );
}

function sumOf(tables: readonly TableSum[], what: 'copied' | 'rows'): number {
  return tables.reduce((sum, each) => sum + each[what], 0);
}

function targetOf({ toUrlFile, toFile, durability, copies }: Options): DatabaseSettings {
  if (toFile !== undefined) return { file: resolve(toFile) };
  if (toUrlFile === undefined) throw usageFailure('give --to-url-file or --to-file');
  requireInput(toUrlFile);
  if (copies < 1 || copies > MOST_COPIES) throw usageFailure(`--copies is a number from 1 to ${MOST_COPIES}`);
  return { url_file: resolve(toUrlFile), durability, copies };
}

/** Of the configuration file. */
function sectionOf(target: DatabaseSettings): readonly string[] {
  if (isFile(target)) return ['database:', `  file: ${target.file}`];
  const { url_file, durability, copies } = target;
  const more = durability === 'replicated' ? [`  copies: ${copies}`] : [];
  return ['database:', `  url_file: ${url_file}`, `  durability: ${durability}`, ...more];
}
