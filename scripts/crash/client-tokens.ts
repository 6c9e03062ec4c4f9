import { digestOf } from '../../src/token/signing-input.ts';
import type { Answer } from './request.ts';

/** A token that a client holds, as the ledger must know it. */
export interface ClientToken {
  readonly token: string;
  readonly digest: Buffer;
  readonly jti: string;
  readonly kid: string;
  readonly iat: number;
}

const TOKEN = /"token":"([\w-]+\.[\w-]+\.[\w-]+)"/g;

/** All that the service told its clients: whatever is in here, the service must know after any crash. */
export class ClientTokens {
  readonly held: Omit<ClientToken, 'token'>[] = [];
  /** The `jti`s of revocations that were confirmed. */
  readonly revoked: string[] = [];
  /** Whether the bystander has its grant: as last confirmed, and as last asked for. */
  readonly grant = { confirmed: false, asked: false, changes: 0 };
  /** The newest token that nobody asked to revoke. */
  newest: string | undefined;
  /** Refusals by status. */
  readonly refused = new Map<number, number>();

  /** Takes every whole token out of an answer, one that was cut off included. */
  take({ text }: Answer): readonly ClientToken[] {
    const taken = [...text.matchAll(TOKEN)].map(([, token = '']) => clientTokenFrom(token));
    for (const { digest, jti, kid, iat } of taken) this.held.push({ digest, jti, kid, iat });
    return taken;
  }

  note({ status }: Answer): void {
    if (status >= 400) this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }
}

function clientTokenFrom(token: string): ClientToken {
  const input = token.slice(0, token.lastIndexOf('.'));
  const [header, claims] = input
    .split('.')
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return { token, digest: digestOf(input), jti: claims.jti, kid: header.kid, iat: claims.iat };
}
