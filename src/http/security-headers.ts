import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/**
 * What helmet would set on each response, asked of it once: the values never change, and setting them one by one
 * would cost more than composing a whole answer. HSTS only where clients come by TLS (RFC 6797 §7.2).
 */
export function securityHeaders(behindTls: boolean): readonly string[] {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    frameguard: { action: 'deny' },
    hsts: behindTls,
    // What is left out concerns pages, and none is served.
    crossOriginOpenerPolicy: false,
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
