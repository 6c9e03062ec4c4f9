import type { OperatorAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { describeOperator } from '../cli/describe-operator.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';

interface Answer {
  readonly operator: OperatorAnswer;
  readonly credential?: string;
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
  const answer = await call<Answer>('POST', `/operators${path}`, body);
  show(context, answer, () => human(answer, context));
  if (answer.credential === undefined) return;
  context.terminal.warn('this credential is not shown again; keyward operator enrol --out FILE makes one');
}

function human({ operator, credential }: Answer, context: Context): string {
  const described = describeOperator(operator, context);
  return credential === undefined ? described : `${described}\n\n${credential}`;
}
