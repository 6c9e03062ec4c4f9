import type { RunningService } from '../../test/support/running-service.ts';

/** Longer than the service has for any answer. */
export const PATIENCE_MS = 15_000;

export type Plane = 'data' | 'operations';

interface Question {
  readonly plane: Plane;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
  /** Default: the operator's. */
  readonly credential: string | undefined;
  readonly patienceMs: number;
}

export interface Answer {
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly code?: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many routes
  readonly body: any;
}

type Addressed = Pick<RunningService, 'dataUrl' | 'operationsUrl' | 'operator'>;

/** Never fails: without a whole answer in time, what was asked for may have been done or not. */
export async function ask(service: Addressed, question: Question): Promise<Answer> {
  const { plane, method, path, body, credential = service.operator, patienceMs } = question;
  try {
    const response = await fetch((plane === 'data' ? service.dataUrl : service.operationsUrl) + path, {
      method,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(patienceMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer['body'];
    if (response.ok) return { outcome: 'ok', body: answer };
    return { outcome: 'refused', code: String(answer.code), body: answer };
  } catch {
    return { outcome: 'unknown', body: undefined };
  }
}
