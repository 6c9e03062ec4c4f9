import type { Context } from '../context.ts';
import { EXIT, usageFailure } from '../failure.ts';
import { Collected } from '../scan/collected.ts';
import { describeScan } from '../scan/describe-scan.ts';
import { credentialExcerpt, tokenExcerpt } from '../scan/excerpt.ts';
import type { ScanReport } from '../scan/kinds.ts';
import { nameObjects, Reading } from '../scan/read-sources.ts';
import { sarifOf } from '../scan/sarif.ts';

export interface ScanOptions {
  readonly git?: string;
  readonly stdin?: true;
  readonly offline?: true;
  readonly sarif?: true;
}

/** Looks for secrets where they should not be. Ends with 0 clean, 1 found, 2 not all could be read. */
export async function scan(context: Context, paths: readonly string[], options: ScanOptions): Promise<void> {
  if (paths.length === 0 && options.git === undefined && !options.stdin) {
    throw usageFailure('name files or folders, --git <repository> or --stdin');
  }
  const collected = new Collected();
  const stdin = options.stdin ? process.stdin : undefined;
  const read = await new Reading(collected, false).readAll({ paths, git: options.git, stdin });
  addUnchecked(collected, context.terminal.nowSeconds);
  const report = await named(collected.report(read), options.git);
  show(context, report, options);
  context.terminal.endWith(exitOf(report));
}

/** Without the service: credentials prove themselves by their checksum, tokens are said to be unchecked. */
function addUnchecked(collected: Collected, now: number): void {
  for (const { sight, places } of collected.credentials.list()) {
    const kind = sight.of === 'svc' ? 'client_credential' : 'operator_credential';
    for (const place of places) collected.add(kind, place, credentialExcerpt(sight.secret));
  }
  for (const { sight, places } of collected.tokens.list()) {
    if (sight.exp !== null && sight.exp <= now) continue;
    for (const place of places) collected.add('token_unchecked', place, tokenExcerpt(sight.secret));
  }
}

async function named(report: ScanReport, git: string | undefined): Promise<ScanReport> {
  if (git === undefined) return report;
  const { findings, skipped } = report;
  return { ...report, findings: await nameObjects(git, findings), skipped: await nameObjects(git, skipped) };
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
