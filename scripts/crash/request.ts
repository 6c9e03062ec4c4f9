import { type Agent, request as send } from 'node:http';

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly credential: string;
  readonly body: object;
}

/** As much of an answer as had arrived; status 0 where nothing had. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** False where it was cut off. */
  readonly complete: boolean;
}

/** Never fails: a connection that breaks gives what came before. */
export function request(agent: Agent, { method, url, credential, body }: Call): Promise<Answer> {
  const payload = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${credential}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(payload),
  };
  return new Promise((resolve) => {
    const sent = send(url, { agent, method, headers }, (response) => {
      let text = '';
      const answer = (complete: boolean) => resolve({ status: response.statusCode ?? 0, text, complete });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => answer(false));
      response.on('close', () => answer(response.complete));
    });
    sent.on('error', () => resolve({ status: 0, text: '', complete: false }));
    sent.end(payload);
  });
}
