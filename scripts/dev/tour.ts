import { mkdirSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type { Credentials } from './credentials.ts';
import type { Places } from './places.ts';
import { writeSecret } from './secret-file.ts';

/** Headers for curl's `-H @file`, one file a credential. */
export function writeCurlHeaders(places: Places, { scopes }: Credentials): void {
  mkdirSync(places.curl, { recursive: true, mode: 0o700 });
  for (const [scope, actions] of Object.entries(scopes)) {
    for (const [action, credential] of Object.entries(actions)) {
      const headers = `Authorization: Bearer ${credential}\nContent-Type: application/json\n`;
      writeSecret(join(places.curl, `${scope}-${action}`), headers);
    }
  }
}

/** Three lines to paste into another terminal in this folder. No credential stands in them. */
export function tour(places: Places, dataUrl: string): string {
  const curl = fromHere(places.curl);
  const answer = `${curl}/token.json`;
  // What the service answered, less all but the token.
  const token = `"$(sed 's/.*\\("token":"[^"]*"\\).*/{\\1}/' ${answer})"`;
  const verify = (scope: string) =>
    `curl -sS -H @${curl}/${scope}-verify -d ${token} ${dataUrl}/v1/scopes/${scope}/verify; echo`;
  return `
Paste these into another terminal, in this folder.

Sign a token for payments:
curl -sS -H @${curl}/payments-sign -d '{"claims":{"sub":"alice"}}' ${dataUrl}/v1/scopes/payments/tokens | tee ${answer}; echo

Verify it as the payments service:
${verify('payments')}

Try it on the mail service, which refuses it:
${verify('mail')}

Ctrl-C stops the service.`;
}

function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  const shown = short.startsWith('..') || isAbsolute(short) ? path : short;
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
