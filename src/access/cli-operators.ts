import type { Context } from '../cli/context.ts';
import { storeCredential } from '../cli/new-files.ts';
import { connect, operationsAt, operationsUrl, prepare } from '../cli/operations-client.ts';
import { more, type Paging, pages } from '../cli/pages.ts';
import { show, showPlainly } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import type { OperatorAndCredentialAnswer, OperatorPageAnswer } from './routes/operators.ts';
import type { OperatorAnswer } from './routes/wire.ts';

function describeOperator(operator: OperatorAnswer, { terminal }: Context): string {
  const { id, roles, created_at, revoked_at } = operator;
  return fields(
    [
      ['id', [id, 'bold']],
      ['roles', roles.join(' ')],
      ['enrolled', humanTime(created_at, terminal.nowSeconds)],
      ['revoked', revoked_at === null ? '-' : [humanTime(revoked_at, terminal.nowSeconds), 'red']],
    ],
    terminal,
  );
}

export async function operatorCreate(
  context: Context,
  id: string,
  options: { readonly role: readonly string[]; readonly credentialDigest?: string },
): Promise<void> {
  const credential_digest = options.credentialDigest ?? null;
  await change(context, '', { id, roles: options.role, credential_digest });
}

export async function operatorCredential(
  context: Context,
  id: string,
  { credentialDigest }: { readonly credentialDigest?: string },
): Promise<void> {
  await change(context, at(id, 'credential'), { credential_digest: credentialDigest ?? null });
}

export async function operatorRoles(
  context: Context,
  id: string,
  { role: roles }: { readonly role: readonly string[] },
): Promise<void> {
  await change(context, at(id, 'roles'), { roles });
}

export async function operatorRevoke(context: Context, id: string): Promise<void> {
  await change(context, at(id, 'revoke'));
}

function at(id: string, act: string): string {
  return `/${encodeURIComponent(id)}/${act}`;
}

async function change(context: Context, path: string, body?: object): Promise<void> {
  const call = await connect(context);
  const answer = await call<OperatorAndCredentialAnswer>('POST', `/operators${path}`, body);
  show(context, answer, () => describeChange(answer, context));
  if (answer.credential === undefined) return;
  context.terminal.warn('this credential is not shown again; keyward operator enrol --out FILE makes one');
}

function describeChange({ operator, credential }: OperatorAndCredentialAnswer, context: Context): string {
  const described = describeOperator(operator, context);
  return credential === undefined ? described : `${described}\n\n${credential}`;
}

/** For whoever is going to be an operator: makes their credential, which nobody else ever sees. */
export async function operatorEnrol(context: Context, { out }: { readonly out: string }): Promise<void> {
  const { origin } = await operationsUrl(context);
  const credential_digest = storeCredential('ops', out, origin);
  const told = `Your credential is in ${out}, for ${origin} alone. Tell this to the operator who enrols you, and to the one who approves it:`;
  showPlainly(context, { credential_digest, credential_file: out }, () => `${told}\n${credential_digest}`);
}

/** With what no service knows: where it was asked, and by which file. */
export async function whoAmI(context: Context): Promise<void> {
  const { url, credential, file, context: name } = await prepare(context);
  const call = operationsAt(url, credential, { file, terminal: context.terminal });
  const { operator } = await call<{ operator: OperatorAnswer }>('GET', '/whoami');
  const { id, roles } = operator;
  const answer = { operator: { id, roles }, service: url.origin, context: name, credential_file: file };
  showPlainly(context, answer, () =>
    fields(
      [
        ['operator', [id, 'bold']],
        ['roles', roles.join(' ')],
        ['service', url.origin],
        ['context', name ?? '-'],
        ['credential file', file],
      ],
      context.terminal,
    ),
  );
}

export async function operatorList(context: Context, options: Paging<string>): Promise<void> {
  const call = await connect(context);
  const page: OperatorPageAnswer = await pages(call, '/operators', 'operators', options);
  showPlainly(context, page, () => describeOperators(page, context));
}

function describeOperators({ operators, next }: OperatorPageAnswer, { terminal }: Context): string {
  const rows = operators.map(({ id, roles, created_at, revoked_at }): Cell[] => [
    [id, 'bold'],
    revoked_at === null ? ['enabled', 'green'] : ['revoked', 'red'],
    roles.join(' '),
    { time: created_at },
  ]);
  return table(['id', 'status', 'roles', 'enrolled'], rows, terminal) + more(next);
}
