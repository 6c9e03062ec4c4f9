import type { ClientAnswer } from '../answers.ts';
import type { Context } from '../context.ts';
import { describeClient } from '../describe-client.ts';
import { connect } from '../operations-client.ts';
import { intoSecretFile } from '../secret-file.ts';
import { show } from '../show.ts';

interface Created {
  readonly client: ClientAnswer;
  readonly credential: string;
}

/** The credential goes into `out`, and then nowhere else; without it, to standard output, this once. */
export async function clientCreate(
  context: Context,
  id: string,
  options: { readonly description?: string; readonly out?: string },
): Promise<void> {
  const call = await connect(context);
  const create = () => call<Created>('POST', '/clients', { id, description: options.description ?? '' });
  await (options.out === undefined ? onScreen(context, create) : intoFile(context, create, options.out));
}

async function intoFile(context: Context, create: () => Promise<Created>, file: string): Promise<void> {
  const client = await intoSecretFile(file, async () => {
    const { client, credential } = await create();
    return { secret: credential, result: client };
  });
  show(
    context,
    { client, credential_file: file },
    () => `${describeClient(client, context)}\n\nIts credential is in ${file}.`,
  );
}

async function onScreen(context: Context, create: () => Promise<Created>): Promise<void> {
  const created = await create();
  show(context, created, () => `${describeClient(created.client, context)}\n\n${created.credential}`);
  context.terminal.warn('this credential is not shown again; --out FILE keeps it off the screen');
}
