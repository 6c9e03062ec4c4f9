import type { Party } from './parties.ts';

const MOST_AT_ONCE = 100;

/** Different tokens, issued now. */
export async function issueTokens({ issue }: Party, count: number): Promise<readonly string[]> {
  const tokens: string[] = [];
  while (tokens.length < count) {
    const some = Array.from({ length: Math.min(MOST_AT_ONCE, count - tokens.length) }, () => ({
      claims: { sub: 'alice' },
    }));
    const { results } = await post(`${issue.url}/batch`, issue.credential, { requests: some });
    tokens.push(...results.map(({ token }: { token: string }) => token));
  }
  return tokens;
}

/** Throws where it is refused: a refusal is answered as fast as an acceptance, and with the same status. */
export async function demandValid(party: Party, token: string): Promise<void> {
  const { valid, reason } = await verdict(party, token);
  if (!valid) throw new Error(`${party.name} refused a token: ${reason}`);
}

export function verdict({ verify }: Party, token: string): Promise<{ valid: boolean; reason?: string }> {
  return post(verify.url, verify.credential, { token });
}

// biome-ignore lint/suspicious/noExplicitAny: answers of two servers
async function post(url: string, credential: string, body: unknown): Promise<any> {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
