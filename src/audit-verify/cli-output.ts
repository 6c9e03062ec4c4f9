import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT, usageFailure } from '../cli/failure.ts';
import { requireInput } from '../cli/input-file.ts';
import { Progress } from '../cli/progress.ts';
import { show } from '../cli/show.ts';
import { paint } from '../cli/text.ts';
import { snakeCased } from '../db/camel-case.ts';
import { gapDetails } from '../kernel/record-gap.ts';
import { printable } from '../lib/html.ts';
import { isoInstant } from '../lib/instant.ts';
import { copyForAudit } from './copy.ts';
import { type VerifyReport, verifyAudit } from './index.ts';

interface Options {
  readonly database?: string;
  readonly archiveDir?: string;
  readonly file?: string;
  readonly auditKey?: string;
  readonly checkpoint?: readonly string[];
  readonly sinks?: boolean;
}

/** Ends with 1 where anything does not hold. */
export async function auditVerify(context: Context, options: Options): Promise<void> {
  const { database, archiveDir, file, auditKey, checkpoint = [], sinks } = options;
  if (database !== undefined && file !== undefined) throw usageFailure('give --database or --file, not both');
  for (const named of [database, file, ...checkpoint]) if (named !== undefined) requireInput(named);
  const { configFile } = context;
  const report = await readable(() =>
    verifyAudit({ configFile, database, archiveDir, file, auditKey, saved: checkpoint, sinks }),
  );
  show(context, answerOf(report), () => human(report, context));
  if (report.findings.length === 0) return;
  const summary = `${report.findings.length} findings: this is not the trail as it was written`;
  throw new CommandFailure(EXIT.failed, 'audit_unsound', summary);
}

/** What is verified then is that file. */
export async function auditCopy(context: Context, file: string): Promise<void> {
  const { configFile, terminal } = context;
  const progress = new Progress(terminal.progress);
  const onRows = (doing: string, table: string, rows: number) =>
    progress.show(`${doing} ${table}: ${rows} rows`);
  const sums = await copyForAudit({ configFile, file, onRows }).finally(() => progress.end());
  const rows = sums.reduce((sum, each) => sum + each.rows, 0);
  show(
    context,
    { file, tables: sums },
    () =>
      `${file}: ${rows} rows of ${sums.length} tables, all of one moment\nkeyward audit verify --database ${file} --no-sinks`,
  );
}

/** A path that leads nowhere is the caller's. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') throw usageFailure(`${path} cannot be read (${code})`);
    if (code === 'ERR_SQLITE_ERROR') {
      throw new CommandFailure(EXIT.failed, 'unreadable', `the database cannot be read: ${message}`);
    }
    throw error;
  }
}

function answerOf({ source, auditKid, counts, uncovered, sinks, restores, findings }: VerifyReport): object {
  return {
    source,
    audit_kid: auditKid,
    sound: findings.length === 0,
    counts: snakeCased(counts),
    uncovered,
    sinks,
    restores: restores.map(({ gap, sequence }) => ({ event: sequence, ...gapDetails(gap) })),
    findings,
  };
}

const COUNTED: Readonly<Record<keyof VerifyReport['counts'], string>> = {
  events: 'events',
  checkpoints: 'checkpoints',
  groups: 'groups of the ledger',
  revocations: 'revocations',
  securityEvents: 'security events',
  reports: 'reports',
  registryRows: 'rows of the registry',
};

function human(
  { source, auditKid, counts, uncovered, sinks, restores, findings }: VerifyReport,
  { terminal }: Context,
): string {
  const told = Object.entries(COUNTED)
    .map(([name, what]) => `${counts[name as keyof typeof COUNTED] ?? 'not checked:'} ${what}`)
    .join(', ');
  const lines = findings.map(
    ({ part, fault, place, detail }) =>
      `${paint('fail', 'red', terminal.colour)}  ${part}: ${printable(place)}: ${printable(detail)} [${fault}]`,
  );
  if (lines.length === 0) lines.push(`${paint('ok', 'green', terminal.colour)}    nothing was changed`);
  return [
    `${source}, by audit key ${auditKid}`,
    told,
    ...coverage(uncovered),
    ...sinks.map((sink) => `held against ${printable(sink)}`),
    ...restores.map(restored),
    ...lines,
  ].join('\n');
}

function coverage(uncovered: VerifyReport['uncovered']): string[] {
  if (uncovered === null) return [];
  const { events, groups, since } = uncovered;
  const counted = `${events} events, ${groups ?? 0} groups`;
  const from = since === null ? 'there is none' : `the last is of ${isoInstant(since)}`;
  return [`not covered by a checkpoint: ${counted}`, `  (${from})`];
}

function restored({ gap, sequence }: VerifyReport['restores'][number]): string {
  const { firstCheckpoint, lastCheckpoint, issuedFrom, issuedUntil, reason } = gap;
  const [from, until] = [issuedFrom, issuedUntil].map((at) => isoInstant(at));
  return (
    `restore accepted by event ${sequence}: what checkpoints ${firstCheckpoint} to ${lastCheckpoint} saw beside ` +
    `the audit trail is lost, records of tokens from ${from} to ${until} too (${printable(reason)})`
  );
}
