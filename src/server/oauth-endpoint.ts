import { type Action, type Authenticator, type Client, readBasic } from '../kernel/actor.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type AdmissionDeps, type Admitted, admitAnyone, admitKnown, unlessNews } from './admission.ts';
import { readForm } from './read-body.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

/** Of the form that is sent. */
export const FORM = { maxBytes: 16 * 1024 } as const;

/** How a client may show itself in a request of introspection or revocation, as the API description has it. */
export const CLIENT_AUTHENTICATION = {
  security: [{ client: [] }, { client_secret_basic: [] }, {}],
  description: 'A client without `Authorization` sends `client_id` and `client_secret` in the form.',
};

/**
 * Caller and token of a request of RFC 7662 or RFC 7009. The client shows its credential as a Bearer token, as
 * `client_secret_basic` or as `client_secret_post` (RFC 6749 §2.3.1), in one of them alone. Whoever sends an
 * `Authorization` header is judged before the body is read. `invalid_request` where the methods are mixed, or the token
 * is missing.
 */
export async function admitTokenRequest(
  deps: AdmissionDeps,
  action: Action,
  request: ApiRequest,
  response: ApiResponse,
): Promise<Admitted & { readonly token: string }> {
  const { authorization } = request.headers;
  const admit = (client: Client) => admitKnown(deps, action, client, request, response);
  if (authorization) {
    const client = await unlessNews(response, () => byHeader(deps.authenticator, authorization));
    const admitted = await admit(client);
    const form = await readForm(request, FORM.maxBytes);
    refuseSecondMethod(form, admitted);
    return { ...admitted, token: tokenIn(form) };
  }
  await admitAnyone(request, response);
  const form = await readForm(request, FORM.maxBytes);
  response.locals.form = form;
  const client = await unlessNews(response, () => byForm(deps.authenticator, form));
  return { ...(await admit(client)), token: tokenIn(form) };
}

type Form = ReadonlyMap<string, string>;

function byHeader(authenticator: Authenticator, authorization: string): Client {
  if (!/^Basic /i.test(authorization)) return authenticator.client(authorization);
  const shown = readBasic(authorization);
  if (shown) return authenticator.clientSecret(shown);
  throw new KeywardError(
    'credential_malformed',
    'Send `Authorization: Basic` with the client id, a colon and the credential, both form-urlencoded, in base64.',
  );
}

function byForm(authenticator: Authenticator, form: Form): Client {
  const [clientId, secret] = [form.get('client_id'), form.get('client_secret')];
  if (secret === undefined) {
    throw new KeywardError(
      'credential_missing',
      'Send your credential as `Authorization: Bearer kw_...`, with your client id as `Authorization: Basic`, or as client_id and client_secret in the body.',
    );
  }
  if (clientId === undefined) {
    throw new KeywardError(
      'invalid_request',
      'client_id: give the id of the client whose client_secret it is',
    );
  }
  if (form.has('client_assertion')) throw mixed();
  return authenticator.clientSecret({ clientId, secret });
}

/** RFC 6749 §2.3: a client uses one method in a request. Its id alone is none, but must not be another's. */
function refuseSecondMethod(form: Form, { clientId }: Admitted): void {
  if (form.has('client_secret') || form.has('client_assertion')) throw mixed();
  if ((form.get('client_id') ?? clientId) === clientId) return;
  throw new KeywardError('invalid_request', 'client_id: it is not that of the credential; leave it out');
}

function mixed(): KeywardError {
  return new KeywardError('invalid_request', 'authenticate the client in one way: by header or in the body');
}

function tokenIn(form: Form): string {
  const token = form.get('token');
  if (token !== undefined) return token;
  throw new KeywardError('invalid_request', 'token: give the token that the request is about');
}
