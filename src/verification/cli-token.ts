import type { Context } from '../cli/context.ts';
import { foreignCredential } from '../cli/credentials.ts';
import { EXIT, usageFailure } from '../cli/failure.ts';
import { readInput, readJsonInput, readUpTo } from '../cli/input-file.ts';
import { type CallService, configuredOrigin, dataPlaneAt, parseUrl } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { fields } from '../cli/table.ts';
import { isObject } from '../lib/json.ts';

/** The longest token, within the answer that issued it. */
const MOST_BYTES = 8_192 + 1_024;

/** What somebody pasted, of a file or of standard input: a token, or the answer that issued it. */
export function readToken(file: string | undefined): string {
  const text =
    file === undefined || file === '-'
      ? readUpTo(0, MOST_BYTES).toString('utf8')
      : readInput(file, MOST_BYTES);
  const token = tokenOfAnswer(text) ?? text.trim().replace(/^bearer\s+/i, '');
  if (token === '') throw usageFailure('there is no token; name its file, or write it to standard input');
  return token;
}

function tokenOfAnswer(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return isObject(answer) && typeof answer.token === 'string' ? answer.token : undefined;
  } catch {
    return undefined;
  }
}

interface DataPlaneOptions {
  readonly clientCredential?: string;
  readonly dataUrl?: string;
}

async function connect(
  context: Context,
  { clientCredential, dataUrl }: DataPlaneOptions,
): Promise<CallService> {
  if (clientCredential === undefined)
    throw usageFailure('name the file of a client’s credential: --client-credential');
  const url = dataUrl ?? (await configuredOrigin(context.configFile, 'data_plane'));
  if (url === undefined) throw usageFailure('name the data plane: --data-url');
  const [credential = ''] = readInput(clientCredential).split('\n', 1);
  if (!credential.startsWith('kw_svc_')) {
    const found = foreignCredential(credential) ?? 'something else';
    throw usageFailure(
      `${clientCredential} holds ${found}; this takes the credential of a client (kw_svc_…)`,
    );
  }
  return dataPlaneAt(parseUrl(url), credential.trim(), {
    file: clientCredential,
    terminal: context.terminal,
  });
}

interface IssueOptions extends DataPlaneOptions {
  readonly subject?: string;
  readonly claims?: string;
  readonly ttl?: number;
  readonly typ?: string;
}

interface Issued {
  readonly token: string;
}

/** Prints the token and nothing else. */
export async function tokenIssue(context: Context, scope: string, options: IssueOptions): Promise<void> {
  const { subject, claims: file, ttl, typ } = options;
  const claims = {
    ...(file === undefined ? {} : readJsonInput(file, 'an object of claims')),
    ...(subject === undefined ? {} : { sub: subject }),
  };
  const call = await connect(context, options);
  const wanted = {
    claims,
    ...(ttl === undefined ? {} : { ttl_seconds: ttl }),
    ...(typ === undefined ? {} : { typ }),
  };
  const answer = await call<Issued>('POST', `/scopes/${encodeURIComponent(scope)}/tokens`, wanted);
  show(context, answer, () => answer.token);
}

interface Verdict {
  readonly valid: boolean;
  readonly reason?: string;
  readonly kid?: string;
  readonly key_state?: string;
}

export async function tokenVerify(
  context: Context,
  scope: string,
  file: string | undefined,
  options: DataPlaneOptions,
): Promise<void> {
  const token = readToken(file);
  const call = await connect(context, options);
  const verdict = await call<Verdict>('POST', `/scopes/${encodeURIComponent(scope)}/verify`, { token });
  show(context, verdict, () =>
    fields(
      verdict.valid
        ? [
            ['valid', ['yes', 'green']],
            ['kid', verdict.kid ?? '-'],
            ['key state', verdict.key_state ?? '-'],
          ]
        : [
            ['valid', ['no', 'red']],
            ['reason', verdict.reason ?? '-'],
            ['see', 'docs/refusals.md, or: keyward token inspect'],
          ],
      context.terminal,
    ),
  );
  if (!verdict.valid) context.terminal.endWith(EXIT.failed);
}
