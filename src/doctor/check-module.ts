import type { Config } from '../config.ts';
import { octal, statusOf, writableByOthers } from './file-access.ts';
import { type Finding, fail, ok } from './finding.ts';

/** The PKCS#11 module's file; whether it loads is seen when the token is opened. */
export function checkModule(config: Config): Finding {
  const file = config.hsm.module;
  const status = statusOf(file);
  if (!status) return fail('module', `${file} is not there`, 'install the HSM’s module, or mend hsm.module');
  if (writableByOthers(status)) {
    return fail('module', `${file} may be changed by others (${octal(status)})`, `chmod go-w ${file}`);
  }
  return ok('module', file);
}
