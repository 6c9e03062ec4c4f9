import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import { admitAnyone } from './admission.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { sendNothing } from './send.ts';

/** What departs from an API that its own origin alone asks. */
interface HeaderNeeds {
  /** Of a page: such as `sha256-…`, of the one style sheet in it. Its forms are for its own server; it runs nothing. */
  readonly styleHash?: string;
  /** Pages of other origins may read it. */
  readonly anyOrigin?: boolean;
}

/**
 * What helmet would set on each response, asked of it once: the values never change, and setting them one by one
 * would cost more than composing a whole answer. HSTS only where clients come by TLS (RFC 6797 §7.2).
 */
export function securityHeaders(
  behindTls: boolean,
  { styleHash, anyOrigin = false }: HeaderNeeds = {},
): readonly string[] {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'frame-ancestors': ["'none'"],
        ...(styleHash && {
          'base-uri': ["'none'"],
          'form-action': ["'self'"],
          'style-src': [`'${styleHash}'`],
        }),
      },
    },
    frameguard: { action: 'deny' },
    hsts: behindTls,
    crossOriginOpenerPolicy: styleHash !== undefined,
    crossOriginResourcePolicy: { policy: anyOrigin ? 'cross-origin' : 'same-origin' },
    // What is left out concerns browsers that are gone, or pages that load something.
    dnsPrefetchControl: false,
    ieNoOpen: false,
    originAgentCluster: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
  })(response.req, response, refuse);
  return response.getHeaderNames().flatMap((name) => [name, String(response.getHeader(name))]);
}

function refuse(error?: unknown): void {
  if (error) throw error;
}

/** With every answer that pages of any origin may read (Fetch, §3.3.3). No credential is ever sent along. */
export const ANY_ORIGIN = [
  ...['Access-Control-Allow-Origin', '*'],
  ...['Access-Control-Expose-Headers', 'ETag, Retry-After, X-Request-Id'],
];

const PREFLIGHT = [
  ...['Access-Control-Allow-Methods', 'GET, HEAD'],
  ...['Access-Control-Allow-Headers', '*'],
  ...['Access-Control-Max-Age', '86400'],
];

/** What a browser asks before it sends headers of its own, such as `If-None-Match`. */
export async function answerPreflight(request: ApiRequest, response: ApiResponse): Promise<void> {
  await admitAnyone(request, response);
  sendNothing(response, 204, PREFLIGHT);
}
