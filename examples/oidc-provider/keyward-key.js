import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ExternalSigningKey } from 'oidc-provider';

/** The key that signs now for one Keyward scope. Its private half is in the HSM; here is the way to it. */
export class KeywardKey extends ExternalSigningKey {
  #url;
  #scope;
  #credential;
  #terms;
  #publicKey;

  /** `credentialFile` holds a client's credential with the grant `sign` for the scope. */
  static async open({ url, scope, credentialFile }) {
    const key = new KeywardKey();
    key.#url = url;
    key.#scope = scope;
    key.#credential = readFileSync(credentialFile, 'utf8').trim();
    await key.refresh();
    return key;
  }

  get kid() {
    return this.#terms.kid;
  }

  get alg() {
    return this.#terms.alg;
  }

  get audience() {
    return this.#terms.audience;
  }

  get keySetUri() {
    return `${this.#url}/scopes/${this.#scope}/jwks.json`;
  }

  keyObject() {
    return this.#publicKey;
  }

  /** A token names the key in its header before it is signed, so ask before each: keys rotate. */
  async refresh() {
    const terms = await this.#ask('GET');
    if (terms.kid === this.#terms?.kid) return;
    const keySet = await (await fetch(this.keySetUri)).json();
    const jwk = keySet.keys.find(({ kid }) => kid === terms.kid);
    if (!jwk) throw new Error(`key ${terms.kid} is not in the key set of ${this.#scope}`);
    this.#publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    this.#terms = terms;
  }

  /** Keyward checks what it is to sign, and refuses what it would not have written so. */
  async sign(data) {
    const { token } = await this.#ask('POST', { signing_input: data.toString() });
    return Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url');
  }

  async #ask(method, body) {
    const response = await fetch(`${this.#url}/v1/scopes/${this.#scope}/jws`, {
      method,
      headers: { authorization: `Bearer ${this.#credential}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`Keyward refused (${answer.code}): ${answer.detail}`);
    return answer;
  }
}
