import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** A page has one style sheet, which stands in it, and forms for its own server. It runs nothing. */
export interface PageNeeds {
  /** Such as `sha256-…`, of the style sheet. */
  readonly styleHash: string;
}

/**
 * What helmet would set on each response, asked of it once: the values never change, and setting them one by one
 * would cost more than composing a whole answer. HSTS only where clients come by TLS (RFC 6797 §7.2).
 */
export function securityHeaders(behindTls: boolean, page?: PageNeeds): readonly string[] {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'frame-ancestors': ["'none'"],
        ...(page && {
          'base-uri': ["'none'"],
          'form-action': ["'self'"],
          'style-src': [`'${page.styleHash}'`],
        }),
      },
    },
    frameguard: { action: 'deny' },
    hsts: behindTls,
    crossOriginOpenerPolicy: page !== undefined,
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
