import { resolve } from 'node:path';
import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { requireInput } from '../cli/input-file.ts';
import { Progress } from '../cli/progress.ts';
import { show } from '../cli/show.ts';
import { type DatabaseSettings, isFile } from '../db/database-settings.ts';
import { moveStore } from './index.ts';

interface Options {
  readonly toUrlFile?: string;
  readonly toFile?: string;
  readonly durability: 'replicated' | 'single';
  readonly copies: number;
}

/** As `database.copies` in the configuration. */
const MOST_COPIES = 8;

export async function migrateStore(context: Context, options: Options): Promise<void> {
  const { configFile, terminal } = context;
  const target = targetOf(options);
  const progress = new Progress(terminal.progress);
  const onStep = (what: string) => progress.show(what);
  const moved = await moveStore({ configFile, target, onStep }).finally(() => progress.end());
  const { from, to, tables, event } = moved;
  const rows = tables.reduce((sum, each) => sum + each.rows, 0);
  show(context, { from, to, event, tables, database: target }, () =>
    [
      `Moved: ${from} to ${to}${rows > 0 ? `, ${rows} rows` : ''}; audit event ${event} tells of it.`,
      `Write this into ${configFile}, in the place of database, and start the service:`,
      '',
      ...sectionOf(target),
    ].join('\n'),
  );
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
