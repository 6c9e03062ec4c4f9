import { setTimeout as pause } from 'node:timers/promises';

export const WAYS = ['tokens', 'verify', 'readyz'] as const;
export type Way = (typeof WAYS)[number];

const DEADLINE_MS = 10_000;
const READINESS_EVERY_MS = 100;

/** What callers get: `201`, `503 hsm_unavailable`, or `no answer`. */
export class Probes {
  readonly #url: string;
  readonly #credentials: { readonly sign: string; readonly verify: string };
  readonly #counts = new Map<Way, Map<string, number>>();
  readonly #last = new Map<Way, { readonly answer: string; readonly at: number }>();
  readonly #running: Promise<void>[] = [];
  #slowestMs = 0;
  #going = true;
  #token = '';

  constructor(url: string, credentials: { readonly sign: string; readonly verify: string }) {
    this.#url = url;
    this.#credentials = credentials;
    this.forget();
  }

  /** Settles with the first token; throws where there is none. */
  async start(callers: number): Promise<void> {
    const first = await this.#askForToken();
    if (first !== '201') throw new Error(`the service does not issue to begin with: ${first}`);
    for (let caller = 0; caller < callers; caller++) this.#loop('tokens', () => this.#askForToken());
    this.#loop('verify', () => this.#verify());
    this.#loop('readyz', () => this.#call('/readyz'), READINESS_EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#running);
  }

  /** Counts from here. */
  forget(): void {
    for (const way of WAYS) this.#counts.set(way, new Map());
    this.#slowestMs = 0;
  }

  /** `201 x 532, 503 hsm_unavailable x 40`, the most frequent first. */
  told(way: Way): string {
    const counts = [...(this.#counts.get(way) ?? [])].toSorted(([, one], [, other]) => other - one);
    return counts.map(([answer, count]) => `${answer} x ${count}`).join(', ') || 'not asked';
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** Whether each way was answered well by the last request, which was sent after that instant. */
  isWellSince(at: number): boolean {
    return WAYS.every((way) => {
      const last = this.#last.get(way);
      return last !== undefined && last.at > at && /^20[01]$/.test(last.answer);
    });
  }

  #loop(way: Way, ask: () => Promise<string>, everyMs = 0): void {
    const run = async () => {
      while (this.#going) {
        const at = performance.now();
        const answer = await ask();
        this.#slowestMs = Math.max(this.#slowestMs, performance.now() - at);
        const counts = this.#counts.get(way);
        counts?.set(answer, (counts.get(answer) ?? 0) + 1);
        this.#last.set(way, { answer, at });
        // What is refused at once is not asked for again at once.
        await pause(/^20[01]$/.test(answer) ? everyMs : Math.max(everyMs, 20));
      }
    };
    this.#running.push(run());
  }

  #askForToken(): Promise<string> {
    const { sign } = this.#credentials;
    return this.#call('/v1/scopes/payments/tokens', sign, { claims: { sub: 'a caller' } }, ({ token }) => {
      if (typeof token === 'string') this.#token = token;
    });
  }

  #verify(): Promise<string> {
    let isValid = true;
    const asked = this.#call(
      '/v1/scopes/payments/verify',
      this.#credentials.verify,
      { token: this.#token },
      ({ valid }) => {
        isValid = valid === true;
      },
    );
    return asked.then((answer) => (answer === '200' && !isValid ? '200 valid: false' : answer));
  }

  async #call(
    path: string,
    credential?: string,
    body?: unknown,
    read?: (body: Record<string, unknown>) => void,
  ): Promise<string> {
    try {
      const response = await fetch(this.#url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'content-type': 'application/json',
          ...(credential ? { authorization: `Bearer ${credential}` } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      read?.(answer);
      return `${response.status}${typeof answer.code === 'string' ? ` ${answer.code}` : ''}`;
    } catch {
      return 'no answer';
    }
  }
}
