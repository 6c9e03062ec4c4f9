const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The base of all requests. Throws a `TypeError` for anything but http and https, and for plain http to another
 * machine where a credential would travel in clear.
 */
export function serviceUrl(given: string | URL, { withCredential }: { withCredential: boolean }): URL {
  if (!URL.canParse(String(given))) throw new TypeError('url: use the URL of the data plane');
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('url: use https');
  if (url.username !== '' || url.password !== '') throw new TypeError('url: leave out user and password');
  if (withCredential && url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new TypeError('url: use https; over plain http to another machine anybody can read the credential');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
