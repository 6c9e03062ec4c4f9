export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly tls?: object | undefined;
}

/** Where a listener of the configuration is asked: on loopback where it listens on all addresses. */
export function originOf({ host, port, tls }: Listening): string {
  return `${tls ? 'https' : 'http'}://${reachable(host)}:${port}`;
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
