import { expect, it } from 'vitest';
import { serviceUrl } from '../../../src/client/service.ts';
import { createSigner } from '../../../src/client/signer.ts';

const CLEAR = 'url: use https; over plain http to another machine anybody can read the credential';

it.each([
  'http://keys.example',
  'http://10.0.0.1:8080',
  'http://localhost.example',
  'http://evil.localhost',
  'http://127.0.0.1.evil.localhost',
  'http://localhost.:8080',
  'http://[::2]',
  'http://0.0.0.0',
])('%s is refused with a credential, and taken without', (url) => {
  expect(() => serviceUrl(url, { withCredential: true })).toThrow(new TypeError(CLEAR));
  expect(() => createSigner({ url, scope: 'payments', credential: 'kw' })).toThrow(new TypeError(CLEAR));
  expect(serviceUrl(url, { withCredential: false }).href).toBe(new URL(url).href);
});

it.each([
  'https://keys.example/',
  'http://localhost:8080/',
  'http://127.0.0.1:8080/',
  'http://127.1.2.3/',
  'http://127.255.255.254/',
  'http://[::1]:8080/',
])('%s is taken with a credential', (url) => {
  expect(serviceUrl(url, { withCredential: true }).href).toBe(url);
});

it.each([
  ['ftp://keys.example', 'url: use https'],
  ['https://user:secret@keys.example', 'url: leave out user and password'],
  ['keys.example', 'url: use the URL of the data plane'],
])('%s is refused', (url, flaw) => {
  expect(() => serviceUrl(url, { withCredential: false })).toThrow(new TypeError(flaw));
});

it('keeps a path as the folder of all requests', () => {
  expect(serviceUrl('https://keys.example/keyward', { withCredential: true }).href).toBe(
    'https://keys.example/keyward/',
  );
});
