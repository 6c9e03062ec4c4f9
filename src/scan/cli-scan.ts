import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT, usageFailure } from '../cli/failure.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { type Cell, type Page, table } from '../cli/table.ts';
import type { Colour } from '../cli/text.ts';
import { printable } from '../lib/html.ts';
import { plural } from '../lib/instant.ts';
import { safeJson } from '../lib/json.ts';
import { Collected, FINDING_KINDS, type Finding, readIgnoreFile, type ScanReport } from './cli-collected.ts';
import { nameObjects } from './cli-objects.ts';
import { passedOver, sarifOf } from './cli-sarif.ts';
import { addPins, addUnchecked, askDigests } from './cli-service.ts';
import { type OpenedGit, Reading } from './cli-sources.ts';
import { openForeignRepository } from './foreign-repository.ts';
import { Names } from './format.ts';
import { GitFailure } from './git-process.ts';

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const satisfies Record<string, Colour>;
const SKIPPED_SHOWN = 50;

/** What was found, then what was not read: that comes last, so that it is seen. */
function describeScan(report: ScanReport, page: Page): string {
  const { findings, more, skipped, notes } = report;
  const parts = [
    findings.length > 0 ? table(['kind', 'where', 'what', 'about'], findings.map(rowOf), page) : '',
    skipped.length > 0 ? describeSkipped(skipped, page) : '',
    notes.map(({ place, note }) => `note: ${printable(place)}: ${printable(note)}`).join('\n'),
    summary(findings.length + more, report),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function rowOf({ kind, excerpt, about, ...place }: Finding): Cell[] {
  return [[kind, COLOURS[FINDING_KINDS[kind].level]], whereOf(place), excerpt, about ?? '-'];
}

function whereOf({ place, offset, line }: Pick<Finding, 'place' | 'offset' | 'line'>): string {
  return line === null ? `${place} at byte ${offset}` : `${place}:${line}`;
}

function describeSkipped(skipped: ScanReport['skipped'], page: Page): string {
  const rows = skipped
    .slice(0, SKIPPED_SHOWN)
    .map(({ place, why }): Cell[] => [['NOT READ', 'yellow'], place, why]);
  const more = skipped.length - rows.length;
  return (
    table(['skipped', 'where', 'why'], rows, page) +
    (more > 0 ? `\n… and ${more} more; --json lists them` : '')
  );
}

function summary(found: number, { skipped, read: { contents, bytes }, statements }: ScanReport): string {
  const passed = statements === 0 ? '' : `, ${passedOver(statements)}`;
  const read = `${plural(contents, 'file')}, ${bytes} bytes read${passed}`;
  if (skipped.length > 0) {
    return `${found} found; not everything was read or asked (${skipped.length}): ${read}`;
  }
  return found === 0 ? `nothing found: ${read}` : `${found} found: ${read}`;
}

interface ScanOptions {
  readonly git?: string;
  readonly stdin?: true;
  readonly offline?: true;
  readonly ignoreFile?: string;
  readonly pinFile?: readonly string[];
  readonly report?: true;
  readonly sarif?: true;
}

/** Looks for secrets where they should not be. Ends with 0 clean, 1 found, 2 not all could be read. */
export async function scan(context: Context, paths: readonly string[], options: ScanOptions): Promise<void> {
  if (paths.length === 0 && options.git === undefined && !options.stdin) {
    throw usageFailure('name files or folders, --git <repository> or --stdin');
  }
  const pins = options.pinFile ? (await import('./find-pin.ts')).pinsToFind(options.pinFile) : [];
  const names = new Names(pins);
  const collected = new Collected(readIgnoreFile(options.ignoreFile), names);
  const call = options.offline ? undefined : await serviceFor(context, collected);
  const git = options.git === undefined ? undefined : await openGit(options.git, collected);
  try {
    const stdin = options.stdin ? process.stdin : undefined;
    const read = await new Reading(collected, names, pins, context.terminal.progress).readAll({
      paths,
      git,
      stdin,
    });
    const now = context.terminal.nowSeconds;
    if (call) await askDigests(call, collected, { report: options.report === true, now });
    else addUnchecked(collected, now);
    await addPins(collected, options.report ? call : undefined);
    const found = collected.report(read);
    const report = git ? await nameObjects(git, found, names) : found;
    show(context, report, options);
    context.terminal.endWith(exitOf(report));
  } finally {
    git?.repository.remove();
  }
}

/** Undefined where it is no repository that can be read: the report says so. */
async function openGit(place: string, collected: Collected): Promise<OpenedGit | undefined> {
  try {
    return { place, repository: await openForeignRepository(place) };
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    collected.skip(place, `not readable: ${error.message}`);
    return undefined;
  }
}

/** Undefined where the service cannot be asked: the report says so, since the scan is not whole then. */
async function serviceFor(context: Context, collected: Collected): Promise<CallService | undefined> {
  try {
    return await connect(context);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    collected.skip('the service', `not asked of credentials and tokens: ${error.message}`);
    return undefined;
  }
}

function show({ options, terminal }: Context, report: ScanReport, { sarif }: ScanOptions): void {
  if (sarif) terminal.print(safeJson(sarifOf(report), 2));
  else if (options.json) terminal.print(safeJson(report, 2));
  else terminal.print(describeScan(report, terminal));
}

function exitOf({ findings, skipped }: ScanReport) {
  if (findings.length > 0) return EXIT.found;
  return skipped.length > 0 ? EXIT.unread : EXIT.ok;
}
