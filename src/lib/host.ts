const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** `localhost` or a literal loopback address, as a configuration or URL names a host. Subdomains do not count. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The host name of a URL without the brackets of an IPv6 address. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
