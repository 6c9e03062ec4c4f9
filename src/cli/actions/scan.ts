import type { Context } from '../context.ts';
import { CommandFailure, EXIT, usageFailure } from '../failure.ts';
import { type CallService, connect } from '../operations-client.ts';
import { askPins, type PinMarks, pinMarks } from '../scan/ask-pins.ts';
import { addUnchecked, askDigests } from '../scan/ask-service.ts';
import { Collected } from '../scan/collected.ts';
import { describeScan } from '../scan/describe-scan.ts';
import { readIgnoreFile } from '../scan/ignore-file.ts';
import type { ScanReport } from '../scan/kinds.ts';
import { nameObjects } from '../scan/name-objects.ts';
import { Reading } from '../scan/read-sources.ts';
import { sarifOf } from '../scan/sarif.ts';

export interface ScanOptions {
  readonly git?: string;
  readonly stdin?: true;
  readonly offline?: true;
  readonly ignoreFile?: string;
  /** False with `--no-pins`. */
  readonly pins?: boolean;
  readonly report?: true;
  readonly sarif?: true;
}

/** Looks for secrets where they should not be. Ends with 0 clean, 1 found, 2 not all could be read. */
export async function scan(context: Context, paths: readonly string[], options: ScanOptions): Promise<void> {
  if (paths.length === 0 && options.git === undefined && !options.stdin) {
    throw usageFailure('name files or folders, --git <repository> or --stdin');
  }
  const collected = new Collected(readIgnoreFile(options.ignoreFile));
  const desk = options.offline ? undefined : await openDesk(context, collected, options.pins !== false);
  const stdin = options.stdin ? process.stdin : undefined;
  const read = await new Reading(collected, desk?.marks !== undefined).readAll({
    paths,
    git: options.git,
    stdin,
  });
  const now = context.terminal.nowSeconds;
  if (desk) await askDigests(desk.call, collected, { report: options.report === true, now });
  else addUnchecked(collected, now);
  if (desk?.marks) await askPins(desk.call, desk.marks, collected);
  const found = collected.report(read);
  const report = options.git === undefined ? found : await nameObjects(options.git, found);
  show(context, report, options);
  context.terminal.endWith(exitOf(report));
}

interface Desk {
  readonly call: CallService;
  readonly marks: PinMarks | undefined;
}

/** Undefined where the service cannot be asked: that is said, since then the scan is not whole. */
async function openDesk(context: Context, collected: Collected, pins: boolean): Promise<Desk | undefined> {
  const notAsked = (what: string, error: unknown) => {
    if (!(error instanceof CommandFailure)) throw error;
    collected.skip('the service', `${what}: ${error.message}`);
    return undefined;
  };
  const call = await connect(context).catch((error: unknown) =>
    notAsked('not asked of tokens and PINs', error),
  );
  if (!call) return undefined;
  if (!pins) return { call, marks: undefined };
  try {
    return { call, marks: await pinMarks(call) };
  } catch (error) {
    const unreachable = error instanceof CommandFailure && error.exitCode === EXIT.unreachable;
    notAsked(unreachable ? 'not asked of tokens and PINs' : 'not asked of PINs', error);
    return unreachable ? undefined : { call, marks: undefined };
  }
}

function show({ options, terminal }: Context, report: ScanReport, { sarif }: ScanOptions): void {
  if (sarif) terminal.print(JSON.stringify(sarifOf(report), null, 2));
  else if (options.json) terminal.print(JSON.stringify(report, null, 2));
  else terminal.print(describeScan(report, terminal.colour));
}

function exitOf({ findings, skipped }: ScanReport) {
  if (findings.length > 0) return EXIT.found;
  return skipped.length > 0 ? EXIT.unread : EXIT.ok;
}
