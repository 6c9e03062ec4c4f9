import { type Initialised, initialise } from '../../init.ts';
import type { Context } from '../context.ts';
import { intoSecretFile } from '../secret-file.ts';
import { show } from '../show.ts';

/** Makes the service's own keys and enrols the first operator, whose credential is shown or stored this once. */
export async function init(
  context: Context,
  options: { readonly operator: string; readonly out?: string },
): Promise<void> {
  const start = () => initialise({ configFile: context.configFile, operatorId: options.operator });
  await (options.out === undefined ? onScreen(context, start) : intoFile(context, start, options.out));
}

type Start = () => Promise<Initialised>;

async function intoFile(context: Context, start: Start, file: string): Promise<void> {
  const done = await intoSecretFile(file, async () => {
    const result = await start();
    return { secret: result.operatorCredential, result };
  });
  const enrolled = done.operatorCredential !== null;
  show(
    context,
    { ...kids(done), credential_file: enrolled ? file : null },
    () => `${describeKids(context, done)}\n${enrolled ? `The operator's credential is in ${file}.` : NO_ONE}`,
  );
}

async function onScreen(context: Context, start: Start): Promise<void> {
  const done = await start();
  const { operatorCredential } = done;
  show(
    context,
    { ...kids(done), operator_credential: operatorCredential },
    () => `${describeKids(context, done)}\n\n${operatorCredential ?? NO_ONE}`,
  );
  if (operatorCredential === null) return;
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}

const NO_ONE = 'Operators were enrolled before: none was added.';

function kids({ registryKid, auditKid }: Initialised): object {
  return { registry_kid: registryKid, audit_kid: auditKid };
}

function describeKids({ configFile }: Context, { registryKid, auditKid }: Initialised): string {
  return `registry key ${registryKid}\naudit key ${auditKid}\nBoth are written into ${configFile}.`;
}
