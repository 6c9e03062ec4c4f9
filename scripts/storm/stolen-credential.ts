import { request } from 'node:http';
import type { Attack } from './attack.ts';

/** Far from 127.0.0.0/16, where the client is at home. */
const ELSEWHERE = '127.77.0.9';

/** With a client's own credential, from a place where the client never was. */
export const elsewhere: Attack = {
  name: 'stolen client credential used from a new place',
  async play({ service, consumers, mail }) {
    await service.data('POST', `/v1/scopes/${consumers.id}/tokens`, consumers.sign, {
      claims: { sub: 'alice' },
    });
    const since = performance.now();
    const code = await ask(`${service.dataUrl}/v1/scopes/${mail.id}/tokens`, consumers.sign);
    return {
      refused: `token for ${mail.id}: ${code}`,
      failed: code === 'grant_missing',
      leaves: ({ type, evidence }) => type === 'client.new_source' && evidence.remote === ELSEWHERE,
      since,
    };
  },
};

/** The code of the problem that is answered, or the status. */
function ask(url: string, credential: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
    const asking = request(url, { method: 'POST', localAddress: ELSEWHERE, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text).code ?? String(response.statusCode)));
    });
    asking.on('error', reject);
    asking.end(JSON.stringify({ claims: { sub: 'mallory' } }));
  });
}
