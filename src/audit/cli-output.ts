import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { exportAudit } from '../audit-verify/export.ts';
import { LARGEST_PAGE } from '../cli/arguments.ts';
import type { Context } from '../cli/context.ts';
import { usageFailure } from '../cli/failure.ts';
import { requireInput } from '../cli/input-file.ts';
import { memberTexts } from '../cli/members.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { humanTime, paint, plainText } from '../cli/text.ts';
import { wrapLines } from '../cli/wrap.ts';
import { escapedJson, safeJson } from '../lib/json.ts';
import type { AuditEventAnswer, AuditPageAnswer } from './routes.ts';
import type { EventRangeAnswer } from './routes-unwitnessed.ts';

const LAST = 10;
const EVERY_MS = 1_000;
/** Before the further lines of an event. */
const HANGING = '  ';

/** Events in order, as they come; with `--json` one line of JSON each. */
export async function auditTail(
  context: Context,
  { after, follow }: { readonly after?: number; readonly follow: boolean },
): Promise<void> {
  const call = await connect(context);
  let last = after;
  for (;;) {
    const query = last === undefined ? `limit=${LAST}` : `after=${last}&limit=${LARGEST_PAGE}`;
    const { events, next } = await call<AuditPageAnswer>('GET', `/audit?${query}`);
    for (const event of events) context.terminal.print(line(event, context));
    last = events.at(-1)?.sequence ?? last;
    if (next !== null) continue;
    if (!follow) return;
    await pause(EVERY_MS);
  }
}

function line(event: AuditEventAnswer, { structured, terminal }: Context): string {
  if (structured) return structured.item(event);
  const { sequence, time, type, actor, subject, trace_id: trace, details } = event;
  const when = humanTime(time, terminal.nowSeconds);
  const longest = terminal.columns === undefined ? undefined : terminal.columns - HANGING.length;
  const told = [...memberTexts(details, longest), ...(trace ? [`trace ${trace}`] : [])];
  const text = `${sequence}  ${when}  ${paint(type, 'bold', terminal.colour)}  ${subject}  by ${actor}${told.map((each) => `  ${each}`).join('')}`;
  return wrapLines(text, terminal.columns, plainText, HANGING);
}

export async function auditExport(
  context: Context,
  options: {
    readonly database?: string;
    readonly archiveDir?: string;
    readonly ledger?: boolean;
    readonly out?: string;
  },
): Promise<void> {
  const { configFile, terminal } = context;
  const { database, archiveDir, ledger = false, out } = options;
  if (database !== undefined) requireInput(database);
  const lines = exportAudit({ configFile, database, archiveDir, ledger });
  if (out === undefined) {
    for (const line of lines) terminal.print(escapedJson(line));
    return;
  }
  const count = writeLines(out, lines);
  const told = context.options.json ? safeJson({ file: out, lines: count }) : `${count} lines in ${out}`;
  terminal.print(told);
}

function writeLines(file: string, lines: Iterable<string>): number {
  const descriptor = create(file);
  let count = 0;
  try {
    for (const line of lines) {
      writeSync(descriptor, `${line}\n`);
      count += 1;
    }
  } finally {
    closeSync(descriptor);
  }
  return count;
}

function create(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usageFailure(
      code === 'EEXIST' ? `${file} exists; it is not overwritten` : `${file} cannot be made (${code})`,
    );
  }
}

export async function auditUnwitnessed(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ unwitnessed: readonly EventRangeAnswer[] }>('GET', '/audit/unwitnessed');
  show(context, answer, () =>
    answer.unwitnessed.length === 0
      ? 'Every audit event has a witness, or was confirmed.'
      : answer.unwitnessed.map(lineOf).join('\n'),
  );
}

export async function auditConfirmUnwitnessed(
  context: Context,
  { reason }: { reason: string },
): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ confirmed: readonly EventRangeAnswer[] }>(
    'POST',
    '/audit/confirm-unwitnessed',
    {
      reason,
    },
  );
  show(context, answer, () =>
    answer.confirmed.length === 0
      ? 'Nothing was to be confirmed.'
      : `Confirmed:\n${answer.confirmed.map(lineOf).join('\n')}\nRows of the registry follow with the next start.`,
  );
}

function lineOf({ from, to, hash }: EventRangeAnswer): string {
  return `events ${from} to ${to}, the last one with hash ${hash}`;
}
