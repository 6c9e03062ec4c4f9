import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { octal, openToOthers, statusOf, writableByOthers } from './file-access.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Who may read the database and its folder, and who may change the configuration. */
export function checkFiles(config: Config): readonly Finding[] {
  return [closedFolder(dirname(config.database.file)), unchangeable('configuration', config.file)];
}

function closedFolder(folder: string): Finding {
  const check = 'files';
  const status = statusOf(folder);
  if (!status) return fail(check, `${folder} is not there`, 'run keyward init');
  if (writableByOthers(status)) {
    return fail(check, `${folder} may be changed by others (${octal(status)})`, `chmod 700 ${folder}`);
  }
  if (openToOthers(status)) {
    return warn(check, `${folder} may be read by others (${octal(status)})`, `chmod 700 ${folder}`);
  }
  return ok(check, `${folder} is closed to others`);
}

function unchangeable(check: string, file: string): Finding {
  const status = statusOf(file);
  if (!status) return fail(check, `${file} is not there`, 'restore it: it names the registry key');
  if (writableByOthers(status)) {
    return fail(check, `${file} may be changed by others (${octal(status)})`, `chmod go-w ${file}`);
  }
  return ok(check, `${file} may be changed by its owner alone`);
}
