import type { Context } from '../cli/context.ts';
import { operatorCredential } from '../cli/credentials.ts';
import { usageFailure } from '../cli/failure.ts';
import { readJsonInput } from '../cli/input-file.ts';
import { intoSecretFile, withNewCredential } from '../cli/new-files.ts';
import { type CallService, connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { type Cell, fields, table } from '../cli/table.ts';
import { humanTime } from '../cli/text.ts';
import type { CanaryKind } from './canary.ts';
import type { CanaryAnswer, CreatedCanaryAnswer, OneCanaryAnswer } from './routes.ts';

/** A line each. */
function describeCanaries(canaries: readonly CanaryAnswer[], { terminal }: Context): string {
  if (canaries.length === 0) return 'no canaries';
  return table(
    ['id', 'kind', 'planted', 'scope', 'created', { name: 'by', extra: true }, 'retired'],
    canaries.map((canary) => [
      [canary.id, 'bold'],
      canary.kind,
      canary.planted,
      canary.scope ?? '-',
      { time: canary.created_at },
      canary.created_by,
      retired(canary),
    ]),
    terminal,
  );
}

/** One, a line a member. */
function describeCanary(canary: CanaryAnswer, { terminal }: Context): string {
  return fields(
    [
      ['id', [canary.id, 'bold']],
      ['kind', canary.kind],
      ['planted', canary.planted],
      ['scope', canary.scope ?? '-'],
      ['created', `${humanTime(canary.created_at, terminal.nowSeconds)} by ${canary.created_by}`],
      ['retired', retired(canary)],
    ],
    terminal,
  );
}

function retired({ retired_at: at }: CanaryAnswer): Cell {
  return at === null ? '-' : { time: at, colour: 'red' };
}

interface CanaryOptions {
  readonly planted: string;
  readonly plane: 'data' | 'operations';
  readonly out?: string;
  readonly scope?: string;
  readonly client?: string;
  readonly subject?: string;
  readonly claims?: string;
  readonly ttl?: number;
}

type Make = (call: CallService, options: CanaryOptions, context: Context) => Promise<CreatedCanaryAnswer>;

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
): Promise<CreatedCanaryAnswer> {
  const use = (credential_digest: string) =>
    call<CreatedCanaryAnswer>('POST', '/canaries', { kind: 'credential', planted, credential_digest });
  if (plane === 'data') return withNewCredential('svc', out, use);
  // With its origin, as the file of a real operator.
  return withNewCredential('ops', out, use, operatorCredential(context).origin);
}

function makeToken(call: CallService, options: CanaryOptions): Promise<CreatedCanaryAnswer> {
  const { planted, scope, client, subject, ttl, out = '' } = options;
  const claims = {
    ...(options.claims === undefined ? {} : readJsonInput(options.claims, 'an object of claims')),
    sub: subject,
  };
  return intoSecretFile(out, async () => {
    const lifetime = ttl === undefined ? {} : { ttl_seconds: ttl };
    const wanted = { kind: 'token', planted, scope, client, claims, ...lifetime };
    const result = await call<CreatedCanaryAnswer>('POST', '/canaries', wanted);
    return { secret: result.token ?? null, result };
  });
}

function makeKey(call: CallService, { planted, scope }: CanaryOptions): Promise<CreatedCanaryAnswer> {
  return call<CreatedCanaryAnswer>('POST', '/canaries', { kind: 'key', planted, scope });
}

export async function canaryList(context: Context): Promise<void> {
  const call = await connect(context);
  const answer = await call<{ canaries: readonly CanaryAnswer[] }>('GET', '/canaries');
  show(context, answer, () => describeCanaries(answer.canaries, context));
}

export async function canaryShow(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<OneCanaryAnswer>('GET', `/canaries/${encodeURIComponent(id)}`);
  show(context, answer, () => describeCanary(answer.canary, context));
}

export async function canaryRetire(context: Context, id: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<OneCanaryAnswer>('POST', `/canaries/${encodeURIComponent(id)}/retire`);
  show(context, answer, () => describeCanary(answer.canary, context));
}
