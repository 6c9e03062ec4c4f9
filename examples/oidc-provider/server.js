import { readFileSync } from 'node:fs';
import { KeywardKey } from './keyward-key.js';
import { createProvider } from './provider.js';

const [file = 'config.json'] = process.argv.slice(2);
const {
  issuer,
  redirect_uri: redirectUri,
  keyward,
  id_tokens,
  access_tokens,
} = JSON.parse(readFileSync(file, 'utf8'));
const open = ({ scope, credential_file: credentialFile }) =>
  KeywardKey.open({ url: keyward, scope, credentialFile });

const [idTokenKey, accessTokenKey] = await Promise.all([open(id_tokens), open(access_tokens)]);
const provider = createProvider({ issuer, redirectUri, idTokenKey, accessTokenKey });
provider.on('server_error', (_ctx, error) => console.error(error.message));
const { hostname, port } = new URL(issuer);
provider.listen(Number(port), hostname, () => console.log(`${issuer} listens`));
