import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { guardedLookup } from '../lib/guarded-lookup.ts';
import type { Reply } from '../watch/probing/judge-answer.ts';
import { addressAdvice, type ProbeUrlRules, probeUrlAdvice } from '../watch/probing/probe-url.ts';

export interface SendingRules extends ProbeUrlRules {
  /** From the look-up of the name to the status line. */
  readonly deadlineMs: number;
  /** PEM of the authorities that certificates are held against; absent for those that Node knows. */
  readonly ca?: string | undefined;
  /** Aborted where nobody wants to know any more. */
  readonly ended: AbortSignal;
}

export type SendProbe = (url: string, token: string) => Promise<Reply>;

/** Largest head of an answer, in bytes; bodies are not read at all. */
const LARGEST_HEAD = 16_384;

/**
 * `GET` with the token as bearer, on a connection of its own. The status is all that is taken of the answer: no
 * redirect is followed, no body read. No header says that it is a probe. Never rejects.
 */
export function createSendProbe(rules: SendingRules): SendProbe {
  return (text, token) => {
    const url = new URL(text);
    const advice = probeUrlAdvice(text, rules);
    if (advice !== undefined) return Promise.resolve({ failure: `it is not sent there: ${advice}` });
    const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
    return new Promise((resolve) => {
      const late = AbortSignal.timeout(rules.deadlineMs);
      const sent = request(url, {
        agent: false,
        headers: { authorization: `Bearer ${token}`, accept: '*/*' },
        lookup: guardedLookup(
          (address) => addressAdvice(address, rules) !== undefined,
          (host) => new ForbiddenAddress(host),
        ),
        maxHeaderSize: LARGEST_HEAD,
        signal: AbortSignal.any([late, rules.ended]),
        ...(rules.ca === undefined ? {} : { ca: rules.ca }),
      });
      sent.once('response', ({ statusCode }) => {
        resolve(
          statusCode === undefined ? { failure: 'it answered without a status' } : { status: statusCode },
        );
        sent.destroy();
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        resolve({
          failure: late.aborted
            ? `it did not answer within ${rules.deadlineMs} ms`
            : `it could not be asked (${error.code ?? error.name})`,
        });
      });
      sent.end();
    });
  };
}

class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
  readonly code = 'forbidden address';

  constructor(host: string) {
    super(`${host} is at an address that nothing is sent to`);
  }
}
