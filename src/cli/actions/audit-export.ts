import { closeSync, openSync, writeSync } from 'node:fs';
import { exportAudit } from '../../audit-verify/export.ts';
import { escapedJson, safeJson } from '../../lib/safe-json.ts';
import type { Context } from '../context.ts';
import { usageFailure } from '../failure.ts';

export async function auditExport(
  context: Context,
  { ledger = false, out }: { readonly ledger?: boolean; readonly out?: string },
): Promise<void> {
  const { configFile, terminal } = context;
  const lines = exportAudit({ configFile, ledger });
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
