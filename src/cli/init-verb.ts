import { type Initialised, initialise } from '../init.ts';
import type { Context } from './context.ts';
import { credentialFileText } from './credentials.ts';
import { usageFailure } from './failure.ts';
import { intoSecretFiles } from './new-files.ts';
import { configuredOrigin } from './operations-client.ts';
import { show } from './show.ts';

interface Enrolment {
  readonly id: string;
  /** Undefined: to standard output, this once. */
  readonly file: string | undefined;
}

/** Makes the service's own keys and enrols the operators, each credential shown or stored this once. */
export async function init(
  { configFile, ...context }: Context,
  options: { readonly operator?: readonly string[]; readonly out?: string },
): Promise<void> {
  const enrolments = enrolmentsIn(options);
  const files = enrolments.flatMap(({ file }) => file ?? []);
  const done = await intoSecretFiles(files, async () => {
    const result = await initialise({ configFile, operatorIds: enrolments.map(({ id }) => id) });
    const origin = (await configuredOrigin(configFile)) ?? '';
    const secrets = result.enrolled.map(({ credential }) => credentialFileText({ credential, origin }));
    return { secrets, result };
  });
  printEnrolments({ configFile, ...context }, done, enrolments);
}

/** `id=FILE` for each of two or more; or a single id, with `--out`. */
function enrolmentsIn({
  operator: named = ['operator'],
  out,
}: {
  readonly operator?: readonly string[];
  readonly out?: string;
}): readonly Enrolment[] {
  const [first = '', ...others] = named;
  if (others.length === 0 && !first.includes('=')) return [{ id: first, file: out }];
  if (out !== undefined) throw usageFailure('--out is for a single operator: write --operator id=FILE');
  return named.map((text) => {
    const [, id, file] = /^([^=]*)=(.+)$/.exec(text) ?? [];
    if (id === undefined || file === undefined) {
      throw usageFailure(`--operator ${text}: name the file too: --operator ${text}=FILE`);
    }
    return { id, file };
  });
}

function printEnrolments(context: Context, done: Initialised, enrolments: readonly Enrolment[]): void {
  const operators = done.enrolled.map(({ id, credential }) => {
    const file = enrolments.find((enrolment) => enrolment.id === id)?.file;
    return file === undefined ? { id, credential } : { id, credential_file: file };
  });
  const { registryKid: registry_kid, auditKid: audit_kid } = done;
  show(context, { registry_kid, audit_kid, operators }, () =>
    [describeKids(context, done), '', ...(operators.length === 0 ? [NO_ONE] : operators.map(describe))].join(
      '\n',
    ),
  );
  if (operators.every((operator) => !('credential' in operator))) return;
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}

const NO_ONE = 'Operators were enrolled before: none was added.';

function describe(operator: { id: string; credential: string } | { id: string; credential_file: string }) {
  return 'credential' in operator
    ? operator.credential
    : `The credential of ${operator.id} is in ${operator.credential_file}.`;
}

function describeKids({ configFile }: Context, { registryKid, auditKid, hasOwnSigner }: Initialised): string {
  const copies = hasOwnSigner ? `\n${COPY_THEM}` : '';
  return `registry key ${registryKid}\naudit key ${auditKid}\nBoth are written into ${configFile}.${copies}`;
}

const COPY_THEM =
  'Copy hsm.registry_key, hsm.audit_key and each binding_key into the file of keyward signer, and restart it.';
