import type { ConfiguredToken } from '../hsm/tokens.ts';
import { octal, statusOf, writableByOthers } from './file-access.ts';
import { type Finding, fail, ok } from './finding.ts';

/** The PKCS#11 module's file; whether it loads is seen when the token is opened. */
export function checkModule({ member, settings }: ConfiguredToken): Finding {
  const file = settings.module;
  const status = statusOf(file);
  if (!status)
    return fail('module', `${file} is not there`, `install the HSM’s module, or mend ${member}.module`);
  if (writableByOthers(status)) {
    return fail('module', `${file} may be changed by others (${octal(status)})`, `chmod go-w ${file}`);
  }
  return ok('module', file);
}
