import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { statusOf } from './file-access.ts';
import { type Finding, ok, warn } from './finding.ts';

const CHECK = 'audit sinks';

/** Whether what happens to the disk of the database, or to who may write there, leaves one copy of the audit trail. */
export function checkSinks({ audit, database }: Config): Finding {
  const disk = diskOf(database.file);
  const elsewhere = audit.sinks.filter((sink) => sink.type !== 'file' || diskOf(sink.file) !== disk);
  if (elsewhere.length > 0) return ok(CHECK, `${elsewhere.length} off the disk of the database`);
  return warn(
    CHECK,
    'every one is a file on the disk of the database: both are lost, or rewritten, together',
    'add one of type syslog on another machine to audit.sinks',
  );
}

/** Of the folder where there is no such file yet; undefined where that is not there either. */
function diskOf(file: string): number | undefined {
  return (statusOf(file) ?? statusOf(dirname(file)))?.dev;
}
