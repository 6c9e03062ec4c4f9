import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Span, Tracer } from '../kernel/trace.ts';
import { withoutBrackets } from '../lib/address.ts';
import { guardedLookup, isForbiddenAddress, isLoopbackAddress } from '../lib/address-guard.ts';
import { PROBES, type Probe, type ProbeVerdict } from './probe.ts';

/** What came back: a status, or why there was none, in a sentence without anything of the token. */
export type Reply = { readonly status: number } | { readonly failure: string };

interface ProbeResult {
  readonly verdict: ProbeVerdict;
  readonly why: string | null;
}

/** Holds what came back against what must have. Only 401 and 403 are a refusal: an error page refuses nobody. */
export function evaluateReply(probe: Probe, reply: Reply): ProbeResult {
  if ('failure' in reply) return { verdict: 'unclear', why: reply.failure };
  const { must, what } = PROBES[probe];
  const said = meaningOf(reply.status);
  if (said === undefined) return { verdict: 'unclear', why: unclear(reply.status) };
  if (said === must) return { verdict: 'right', why: null };
  return { verdict: 'wrong', why: `it ${said}s ${what}` };
}

function meaningOf(status: number): 'accept' | 'refuse' | undefined {
  if (status >= 200 && status < 300) return 'accept';
  return status === 401 || status === 403 ? 'refuse' : undefined;
}

function unclear(status: number): string {
  return status >= 300 && status < 400
    ? `it answers ${status}, and redirects are not followed`
    : `it answers ${status}, which neither accepts (2xx) nor refuses (401, 403)`;
}

const LONGEST = 2_048;
const LOOPBACK_NAME = /(?:^|\.)localhost$/;

export interface ProbeUrlRules {
  /** Whether the machine itself may be probed, without TLS too: for development. */
  readonly loopback: boolean;
}

/** What is wrong with a URL that a verifier shall be probed at; undefined where nothing is. */
export function probeUrlAdvice(text: string, rules: ProbeUrlRules): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || text.length > LONGEST || /[\s\p{C}]/u.test(text))
    return `use an https URL of at most ${LONGEST} characters`;
  const { protocol, username, password } = url;
  const local = isLocal(hostOf(url));
  if (protocol !== 'https:' && !(protocol === 'http:' && local && rules.loopback)) {
    return 'use https; http is for loopback alone, in development mode';
  }
  if (username || password) return 'leave out user and password: what is sent is the token';
  if (url.hash || text.includes('#')) return 'leave out the fragment';
  return addressAdvice(hostOf(url), rules) ?? (local && !rules.loopback ? NOT_HERE : undefined);
}

const NOT_HERE = 'use another machine: loopback is for development mode';

/** The same of an address that a name stands for. Names are no address, and pass. */
export function addressAdvice(address: string, { loopback }: ProbeUrlRules): string | undefined {
  if (isIP(address) === 0) return undefined;
  if (isLoopbackAddress(address)) return loopback ? undefined : NOT_HERE;
  return isForbiddenAddress(address, 'any-host')
    ? 'use an address of one machine, other than link-local'
    : undefined;
}

/** Without the brackets of an IPv6 address, and without the dot that ends a full name. */
function hostOf(url: URL): string {
  return withoutBrackets(url.hostname).replace(/\.$/, '');
}

function isLocal(host: string): boolean {
  return LOOPBACK_NAME.test(host) || isLoopbackAddress(host);
}

interface SendingRules extends ProbeUrlRules {
  /** From the look-up of the name to the status line. */
  readonly deadlineMs: number;
  /** PEM of the authorities that certificates are held against; absent for those that Node knows. */
  readonly ca?: (() => string) | undefined;
  readonly tracer?: Tracer | undefined;
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
    const span = rules.tracer?.outgoing('probe');
    const parent = span ? { traceparent: span.traceparent } : {};
    const replied = new Promise<Reply>((resolve) => {
      const late = AbortSignal.timeout(rules.deadlineMs);
      const sent = request(url, {
        agent: false,
        headers: { authorization: `Bearer ${token}`, accept: '*/*', ...parent },
        lookup: guardedLookup(
          (address) => addressAdvice(address, rules) !== undefined,
          (host) => new ForbiddenAddress(host),
        ),
        maxHeaderSize: LARGEST_HEAD,
        signal: AbortSignal.any([late, rules.ended]),
        ...(rules.ca === undefined ? {} : { ca: rules.ca() }),
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
    return span ? told(span, replied) : replied;
  };
}

async function told(span: Span, replied: Promise<Reply>): Promise<Reply> {
  const reply = await replied;
  if ('status' in reply) span.set({ 'http.response.status_code': reply.status });
  span.end('failure' in reply ? reply.failure : undefined);
  return reply;
}

class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
  readonly code = 'forbidden address';

  constructor(host: string) {
    super(`${host} is at an address that nothing is sent to`);
  }
}
