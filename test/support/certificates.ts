import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/**
 * Certificates and keys of one test run, by OpenSSL, in that folder: `server` for 127.0.0.1, and `ca`, which signed
 * `client`; `foreign` is a client's too, signed by itself. Each is `<name>.pem` and `<name>.key`.
 */
export function makeCertificates(folder: string): void {
  const at = (name: string) => join(folder, name);
  const make = (name: string, ...further: string[]) => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/CN=${name}`];
    execFileSync('openssl', ['req', '-x509', ...EC, ...files, ...further], { stdio: 'pipe' });
  };
  make('server', '-addext', 'subjectAltName=IP:127.0.0.1');
  make('ca');
  make('client', '-CA', at('ca.pem'), '-CAkey', at('ca.key'));
  make('foreign');
}
