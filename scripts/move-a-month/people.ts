import { createSign, generateKeyPairSync } from 'node:crypto';
import { makeCredential } from '../../src/kernel/credential.ts';
import type { HttpAnswer, RunningService } from '../../test/support/running-service.ts';

export const SCOPE = 'payments';
const CODE_HOST = 'codehost';
const KEY_ID = 'a-key-of-the-code-host';

/** What users, operators and others do with a service; each is an error where the service refuses it. */
export class People {
  readonly #codeHost = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #made = 0;

  /** The members of the configuration that let a code host report leaks. */
  get leaks() {
    const pem = this.#codeHost.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    return { partners: [{ name: CODE_HOST, keys: { [KEY_ID]: pem } }] };
  }

  async issue({ data }: RunningService, credential: string, sub = this.#name('user')): Promise<string> {
    const claims = { sub, txn: `sign-in-${sub}` };
    const { body } = await succeed(data('POST', `/v1/scopes/${SCOPE}/tokens`, credential, { claims }));
    return body.token;
  }

  async revoke({ act }: RunningService, token: string, by: 'jti' | 'root'): Promise<void> {
    const { jti, txn } = claimsOf(token);
    const rule = by === 'jti' ? { jti } : { root: txn };
    await act('POST', '/v1/admin/revocations', { scope: SCOPE, ...rule, reason: 'lost' });
  }

  /** False where the next key is not known everywhere yet. */
  async rotate({ operations }: RunningService): Promise<boolean> {
    const { status } = await operations('POST', `/v1/admin/scopes/${SCOPE}/rotate`, { reason: 'due' });
    return status === 200;
  }

  async erase({ act }: RunningService, subject: string): Promise<number> {
    return (await act('POST', '/v1/admin/ledger/erase', { subject })).records;
  }

  async report({ data }: RunningService): Promise<void> {
    const text = `${this.#name('a token')} lay in a train`;
    await succeed(data('POST', `/v1/scopes/${SCOPE}/reports`, undefined, { text }));
  }

  async plantCanary({ act }: RunningService): Promise<void> {
    const credential_digest = makeCredential('svc').digest.toString('base64url');
    const planted = this.#name('repository');
    await act('POST', '/v1/admin/canaries', { kind: 'credential', planted, credential_digest });
  }

  /** Of a client that is made for it, and revoked by it. */
  async leakCredential(service: RunningService): Promise<void> {
    const id = this.#name('mobile');
    const { text, digest } = makeCredential('svc');
    const credential_digest = digest.toString('base64url');
    await service.act('POST', '/v1/admin/clients', { id, description: 'an application', credential_digest });
    await service.act('POST', '/v1/admin/grants', { client: id, scope: SCOPE, action: 'sign' });
    await this.issue(service, text);
    const found = {
      token: text,
      type: 'keyward_credential',
      url: 'https://code.example/1',
      source: 'commit',
    };
    const body = JSON.stringify([found]);
    const response = await fetch(`${service.dataUrl}/v1/leaks`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'github-public-key-identifier': KEY_ID,
        'github-public-key-signature': createSign('sha256')
          .update(body)
          .sign(this.#codeHost.privateKey, 'base64'),
      },
      body,
    });
    const [{ label }] = (await response.json()) as [{ label: string }];
    if (label !== 'true_positive') throw new Error(`the leaked credential is a ${label}`);
  }

  #name(of: string): string {
    return `${of}-${this.#made++}`;
  }
}

async function succeed(asked: Promise<HttpAnswer>): Promise<HttpAnswer> {
  const answer = await asked;
  if (answer.status >= 400) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
