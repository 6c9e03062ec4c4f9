import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { type Span, type Tracer, untilDone } from '../../kernel/trace.ts';
import { authoritiesOf } from '../../lib/certificates.ts';
import { readSecretLines } from '../../lib/secret-file.ts';
import { type NotificationMessage, payloadOf } from '../message.ts';
import { lookupFor, type NotificationTarget, TryLater } from '../target.ts';
import type { WebhookSettings } from '../target-settings.ts';

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
/** Standard Webhooks: between 24 and 64 bytes. */
const SECRET_BYTES = { least: 24, most: 64 };
const MOST_SECRETS = 4;

/** A line each, so that a receiver can be given a new one without a gap. Rejects saying what the file must hold. */
export async function readWebhookSecrets(file: string): Promise<readonly string[]> {
  const lines = await readSecretLines(file);
  if (lines.length > MOST_SECRETS || !lines.every(isSecret)) {
    throw new Error(
      `${file} must hold 1 to ${MOST_SECRETS} lines such as whsec_ and the base64 of 24 to 64 bytes`,
    );
  }
  return lines;
}

function isSecret(line: string): boolean {
  if (!SECRET.test(line)) return false;
  const { length } = Buffer.from(line.slice('whsec_'.length), 'base64');
  return length >= SECRET_BYTES.least && length <= SECRET_BYTES.most;
}

/** Of an answer, in bytes. */
const LARGEST_HEAD = 16_384;

/**
 * Standard Webhooks: JSON with `webhook-id`, `webhook-timestamp` and `webhook-signature` (`v1`, HMAC-SHA256). Only a
 * status of 200 to 299 is taken for a yes; a redirect is not followed.
 */
export function createWebhookTarget(
  name: string,
  settings: WebhookSettings,
  tracer?: Tracer,
): NotificationTarget {
  const url = new URL(settings.url);
  const authorities = settings.tls?.ca_file === undefined ? undefined : authoritiesOf(settings.tls.ca_file);
  const deliver = async (message: NotificationMessage, signal: AbortSignal, span: Span | undefined) => {
    const secrets = await readWebhookSecrets(settings.secret_file);
    const body = JSON.stringify(payloadOf(message));
    const headers = { ...signedHeaders(message, body, secrets), ...parentIn(span) };
    const { status, retryAfter } = await post(await open(url, settings, headers, signal, authorities), body);
    if (status >= 300 && status < 400) throw new Error(`answered ${status}: redirects are not followed`);
    if (status < 200 || status > 299) throw refusal(status, retryAfter);
  };
  return {
    name,
    type: 'webhook',
    async send(message, _to, signal) {
      const span = tracer?.outgoing('webhook');
      await untilDone(span, deliver(message, signal, span));
      return undefined;
    },
    close() {},
  };
}

function parentIn(span: Span | undefined): Record<string, string> {
  return span ? { traceparent: span.traceparent } : {};
}

/** With each secret, so that a new one can be given to the receiver before or after it is put in the file. */
function signedHeaders(
  { id }: NotificationMessage,
  body: string,
  secrets: readonly string[],
): Record<string, string> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'user-agent': 'keyward',
    'content-length': String(Buffer.byteLength(body)),
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  };
}

async function open(
  url: URL,
  { allow_private }: WebhookSettings,
  headers: Record<string, string>,
  signal: AbortSignal,
  authorities: (() => string) | undefined,
): Promise<ClientRequest> {
  const options = {
    method: 'POST',
    headers,
    signal,
    // A connection that is kept would outlive the check of its address.
    agent: false,
    maxHeaderSize: LARGEST_HEAD,
    ...lookupFor({ host: url.hostname, allow_private }),
  } as const;
  if (url.protocol === 'http:') return requestHttp(url, options);
  const ca = authorities === undefined ? {} : { ca: authorities() };
  return requestHttps(url, { ...options, ...ca });
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Seconds alone are understood of `Retry-After` (RFC 9110 §10.2.3); a date depends on clocks that agree. */
function refusal(status: number, retryAfter = ''): Error {
  const message = `answered ${status}`;
  return /^\d{1,9}$/.test(retryAfter) ? new TryLater(message, Number(retryAfter)) : new Error(message);
}

/** What the answer says is of no use to anybody here: it is not read. */
function post(request: ClientRequest, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
      response.destroy();
    });
    request.on('error', reject);
    request.end(body);
  });
}
