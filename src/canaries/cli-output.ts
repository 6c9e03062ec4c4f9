import type { CanaryKind } from '../kernel/canary.ts';
import type { CanaryAnswer } from '../cli/answers.ts';
import type { Context } from '../cli/context.ts';
import { operatorCredential } from '../cli/credentials.ts';
import { describeCanary } from '../cli/describe-canary.ts';
import { usageFailure } from '../cli/failure.ts';
import { readJsonInput } from '../cli/input-file.ts';
import { withNewCredential } from '../cli/new-credential.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { intoSecretFile } from '../cli/secret-file.ts';
import { show } from '../cli/show.ts';

export interface CanaryOptions {
  readonly planted: string;
  readonly plane: 'data' | 'operations';
  readonly out?: string;
  readonly scope?: string;
  readonly client?: string;
  readonly subject?: string;
  readonly claims?: string;
  readonly ttl?: number;
}

interface Created {
  readonly canary: CanaryAnswer;
  readonly token?: string;
}

type Make = (call: CallService, options: CanaryOptions, context: Context) => Promise<Created>;

const MAKERS: Record<CanaryKind, { readonly needs: readonly (keyof CanaryOptions)[]; readonly make: Make }> =
  {
    credential: { needs: ['out'], make: makeCredential },
    token: { needs: ['out', 'scope', 'client', 'subject'], make: makeToken },
    key: { needs: ['scope'], make: makeKey },
  };

/** What is secret of a decoy goes into the file alone; a decoy is worth nothing once somebody has seen it made. */
export async function canaryCreate(
  context: Context,
  kind: CanaryKind,
  options: CanaryOptions,
): Promise<void> {
  const { needs, make } = MAKERS[kind];
  const missing = needs.filter((name) => options[name] === undefined).map((name) => `--${name}`);
  if (missing.length > 0) throw usageFailure(`a ${kind} needs ${missing.join(', ')}`);
  const { token: _, ...answer } = await make(await connect(context), options, context);
  const file = options.out === undefined ? {} : { file: options.out };
  show(context, { ...answer, ...file }, () =>
    [describeCanary(answer.canary, context), ...(options.out ? [`\nIt is in ${options.out}.`] : [])].join(
      '\n',
    ),
  );
}

/** The service is told its digest and nothing else. */
async function makeCredential(
  call: CallService,
  { planted, plane, out = '' }: CanaryOptions,
  context: Context,
): Promise<Created> {
  const use = (credential_digest: string) =>
    call<Created>('POST', '/canaries', { kind: 'credential', planted, credential_digest });
  if (plane === 'data') return withNewCredential('svc', out, use);
  // With its origin, as the file of a real operator.
  return withNewCredential('ops', out, use, operatorCredential(context).origin);
}

function makeToken(call: CallService, options: CanaryOptions): Promise<Created> {
  const { planted, scope, client, subject, ttl, out = '' } = options;
  const claims = {
    ...(options.claims === undefined ? {} : readJsonInput(options.claims, 'an object of claims')),
    sub: subject,
  };
  return intoSecretFile(out, async () => {
    const lifetime = ttl === undefined ? {} : { ttl_seconds: ttl };
    const wanted = { kind: 'token', planted, scope, client, claims, ...lifetime };
    const result = await call<Created>('POST', '/canaries', wanted);
    return { secret: result.token ?? null, result };
  });
}

function makeKey(call: CallService, { planted, scope }: CanaryOptions): Promise<Created> {
  return call<Created>('POST', '/canaries', { kind: 'key', planted, scope });
}
