import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT } from '../cli/failure.ts';
import { show, showPlainly } from '../cli/show.ts';
import { paint, plainText } from '../cli/text.ts';
import { wrapLines } from '../cli/wrap.ts';
import { humanReport } from './cli-hsm.ts';
import { reportHsms } from './describe-hsm.ts';
import { examine } from './index.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

interface DoctorOptions {
  readonly hsm?: boolean;
  readonly hsmReport?: boolean;
}

export async function doctor(context: Context, options: DoctorOptions): Promise<void> {
  if (options.hsmReport) return printHsmReports(context);
  const findings = await examine({
    configFile: context.configFile,
    openToken: options.hsm === true,
  });
  show(context, { findings }, () => {
    const width = Math.max(15, ...findings.map(({ check }) => check.length));
    return findings.map((finding) => human(finding, width, context)).join('\n');
  });
  const failures = findings.filter(({ level }) => level === 'fail').length;
  if (failures > 0) {
    throw new CommandFailure(EXIT.failed, 'unsound', `${failures} of ${findings.length} checks failed`);
  }
}

async function printHsmReports(context: Context): Promise<void> {
  const reports = await reportHsms(context.configFile);
  showPlainly(context, { reports }, () => reports.map((report) => humanReport(report, context)).join('\n\n'));
  const unopened = reports.filter(({ module }) => module === null);
  if (unopened.length === 0) return;
  const summary = `${unopened.length} of ${reports.length} HSM tokens could not be described`;
  throw new CommandFailure(EXIT.failed, 'unsound', summary);
}

type Found = Awaited<ReturnType<typeof examine>>[number];

function human({ level, check, summary, advice }: Found, width: number, { terminal }: Context): string {
  const head = `${paint(level.padEnd(4), COLOURS[level], terminal.colour)}  ${check.padEnd(width)}  ${summary}`;
  const indent = ' '.repeat(width + 8);
  const text = wrapLines(head, terminal.columns, plainText, indent);
  return advice === undefined ? text : `${text}\n${indent}→ ${advice}`;
}
