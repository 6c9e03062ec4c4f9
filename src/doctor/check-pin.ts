import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { occasionOf, openPermits } from '../hsm/index.ts';
import type { ConfiguredToken, ForkedToken } from '../hsm/tokens.ts';
import { whyOf } from '../kernel/errors.ts';
import { type Finding, fail, octal, ok, statusOf, warn } from '../lib/finding.ts';
import { exposureOf } from '../lib/secret-file.ts';
import { parseLatchRecord } from '../signer/pin-latch.ts';

/** Looks at the PIN file without reading it. */
export function checkPinFile({ member, settings }: ForkedToken): Finding {
  const check = 'pin file';
  const file = settings.pin_file;
  const status = statusOf(file);
  if (!status) return fail(check, `${file} is not there`, `put the PIN there, or mend ${member}.pin_file`);
  if (!status.isFile())
    return fail(check, `${file} is not a regular file`, 'put the PIN into a regular file');
  const user = process.geteuid?.();
  if (status.uid !== 0 && status.uid !== user) {
    return fail(
      check,
      `${file} belongs to user ${status.uid}, this is user ${user}`,
      'run doctor as the user that runs the service, or chown the file to it',
    );
  }
  const exposure = exposureOf(status);
  if (exposure) {
    return fail(
      check,
      `${file} ${exposure.flaw} (${octal(status)})`,
      `${exposure.mend} ${file}, and change the PIN`,
    );
  }
  return ok(check, `${file} can be read by the service alone`);
}

/** Whether a PIN attempt may be made (I9). */
export function checkLatch({ settings }: ForkedToken): Finding {
  const check = 'pin latch';
  const file = settings.latch_file;
  const text = textOf(file);
  if (text === undefined) return ok(check, 'no PIN has been tried yet');
  const record = parseLatchRecord(text);
  const advice = `check the PIN file against the HSM, then: keyward hsm clear-latch; or, with the service stopped, remove ${file}`;
  if (!record) return fail(check, `${file} cannot be understood, so no PIN is tried`, advice);
  if (record.state === 'rejected')
    return fail(check, 'the HSM rejected the PIN; it is not tried again', advice);
  if (record.state === 'attempting') {
    return warn(
      check,
      'a PIN attempt is under way, or its answer is not known',
      'run doctor again in a moment; if it stays so, check the PIN file before the service is started again',
    );
  }
  return ok(check, 'the last PIN attempt was good');
}

/** What hosts that share the database have come to with their PINs; nothing where there is one. */
export async function checkPermits(config: Config, token: ConfiguredToken): Promise<readonly Finding[]> {
  const check = 'pin attempts';
  try {
    const permits = await openPermits(config);
    try {
      const of = permits.of(token);
      if (!of) return [];
      const permit = await of.read();
      const occasion = occasionOf(permit);
      if (occasion === undefined) return [ok(check, 'no host has had its PIN rejected')];
      return permit.rejection
        ? [
            fail(
              check,
              occasion,
              'check the PIN files of all hosts against the HSM, then: keyward hsm clear-latch',
            ),
          ]
        : [warn(check, occasion, 'run doctor again in a moment; if it stays so: keyward hsm clear-latch')];
    } finally {
      await permits.close();
    }
  } catch (error) {
    return [
      fail(check, `the database cannot be asked: ${whyOf(error)}`, 'mend what is said of the database'),
    ];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
}
