import { request } from 'node:http';
import type { Attack } from './attack.ts';
import type { StagedEvent } from './stage.ts';

/** Far from 127.0.0.0/16, where the client is at home. */
const ELSEWHERE = '127.77.0.9';

/**
 * With a client's own credential, from a place where the client never was. What that client may have is issued, since
 * nobody can tell it from the client yet; the operator who hears the event does what its runbook says.
 */
export const elsewhere: Attack = {
  name: 'stolen client credential used from a new place',
  async play({ service, consumers, mail, verify, raised }) {
    const client = `${consumers.id}-sign`;
    await ask(`${service.dataUrl}/v1/scopes/${consumers.id}/tokens`, consumers.sign, '127.0.0.1');
    const leaves = ({ type, evidence }: StagedEvent) =>
      type === 'client.new_source' && evidence.remote === ELSEWHERE;
    const since = performance.now();
    const other = await ask(`${service.dataUrl}/v1/scopes/${mail.id}/tokens`, consumers.sign, ELSEWHERE);
    const own = await ask(`${service.dataUrl}/v1/scopes/${consumers.id}/tokens`, consumers.sign, ELSEWHERE);
    await raised(leaves);
    await service.act('POST', `/v1/admin/clients/${client}/revoke`);
    await service.act('POST', '/v1/admin/revocations', { client, reason: 'stolen credential' });
    const again = await ask(`${service.dataUrl}/v1/scopes/${consumers.id}/tokens`, consumers.sign, ELSEWHERE);
    const { reason } = await verify(consumers, own.token ?? '');
    const answers = [other.code, reason, again.code];
    return {
      refused: `token for ${mail.id}: ${other.code}; once heard, its own: ${reason}, further ones: ${again.code}`,
      failed: answers.join() === 'grant_missing,revoked,credential_invalid',
      leaves,
      since,
    };
  },
};

interface Answer {
  readonly token?: string;
  readonly code?: string;
}

function ask(url: string, credential: string, localAddress: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
    const asking = request(url, { method: 'POST', localAddress, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as Answer));
    });
    asking.on('error', reject);
    asking.end(JSON.stringify({ claims: { sub: 'mallory' } }));
  });
}
