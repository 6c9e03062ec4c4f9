import type { Follow } from '../lib/emitter.ts';

export const ACTIONS = ['sign', 'verify', 'revoke'] as const;
export type Action = (typeof ACTIONS)[number];

export const ROLES = ['operator', 'approver', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export interface Grant {
  readonly scopeId: string;
  readonly action: Action;
}

/** An authenticated caller of the data plane. */
export interface Client {
  readonly id: string;
  readonly description: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  readonly grants: readonly Grant[];
}

const DESCRIPTION = /^\P{C}{0,256}$/u;
export const DESCRIPTION_ADVICE = 'use up to 256 printable characters';

export function isDescription(text: string): boolean {
  return DESCRIPTION.test(text);
}

/** A person of the security team, known to the operations plane. */
export interface Operator {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

/** How an OAuth client shows itself (RFC 6749 §2.3.1): by its id and, as the secret, its credential. */
interface ClientSecret {
  readonly clientId: string;
  readonly secret: string;
}

/** An id and a credential fit in, each of their characters %-encoded. */
const LONGEST_HEADER = 1_024;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
const PAIR = /^([!-9;-~]+):([!-~]+)$/;

/**
 * `Authorization: Basic`, with id and secret form-urlencoded in it (RFC 6749 §2.3.1, RFC 7617). Undefined where it is
 * not that to the letter: other than canonical base64, no colon, or what form-urlencoding does not write.
 */
export function readBasic(authorization: string): ClientSecret | undefined {
  if (authorization.length > LONGEST_HEADER) return undefined;
  const [, encoded = ''] = BASIC.exec(authorization) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  const [, id, password] = PAIR.exec(bytes.toString('latin1')) ?? [];
  const [clientId, secret] = [formDecoded(id), formDecoded(password)];
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}

/** One value of `application/x-www-form-urlencoded`. */
function formDecoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * Who is calling. `client` and `operator` take the value of an `Authorization: Bearer` header. Each fails with
 * `credential_missing`, `credential_malformed` or `credential_invalid` where nobody is shown.
 */
export interface Authenticator {
  client(authorization: string | undefined): Client;
  /** A credential with the id of the client that holds it; with another's it is `credential_invalid`. */
  clientSecret(shown: ClientSecret): Client;
  operator(authorization: string | undefined): Operator;
}

/** In memory, so that a revoked grant is gone with the call that revoked it. */
export interface Grants {
  /** Whether the client still stands and holds the grant. */
  allows(clientId: string, scopeId: string, action: Action): boolean;
}

/** What the operations plane does with clients. Each change commits together with its audit event (I10). */
export interface ClientAdministration {
  /** The credential is shown this once. `client_exists`, `invalid_client`. */
  create(
    client: { id: string; description: string },
    actor: Actor,
  ): Promise<{ client: Client; credential: string }>;
  /** With a credential made by whoever will use it, of which the digest alone is told. `credential_taken`. */
  enrol(
    client: { id: string; description: string; digest: Uint8Array },
    actor: Actor,
  ): Promise<{ client: Client }>;
  /** In place of the one it has, which is refused from now on. `credential_taken`, `client_revoked`. */
  replaceCredential(clientId: string, digest: Uint8Array, actor: Actor): Promise<Client>;
  /** `unknown_client`, `client_revoked`, `invalid_client`. */
  describe(clientId: string, description: string, actor: Actor): Promise<Client>;
  /** Takes effect before it returns. `unknown_client`; revoking twice is no error. */
  revoke(clientId: string, actor: Actor): Promise<Client>;
  list(): readonly Client[];
  /** `unknown_client`, `unknown_scope`, `client_revoked`. Adding what is there is no error. */
  grant(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client>;
  withdraw(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client>;
}

/** The people of the operations plane. Each change commits together with its audit event (I10). */
export interface OperatorAdministration {
  /** The credential is shown this once. `operator_exists`, `invalid_operator`. */
  create(
    operator: { id: string; roles: readonly Role[] },
    actor: Actor,
  ): Promise<{ operator: Operator; credential: string }>;
  /** With a credential that the new operator made, of which the digest alone is told. `credential_taken`. */
  enrol(
    operator: { id: string; roles: readonly Role[]; digest: Uint8Array },
    actor: Actor,
  ): Promise<{ operator: Operator }>;
  /** In place of the one they have. `unknown_operator`, `operator_revoked`, `credential_taken`. */
  replaceCredential(operatorId: string, digest: Uint8Array, actor: Actor): Promise<Operator>;
  /** `unknown_operator`, `operator_revoked`, `invalid_operator`. */
  setRoles(operatorId: string, roles: readonly Role[], actor: Actor): Promise<Operator>;
  /** Takes effect before it returns. `unknown_operator`; revoking twice is no error. */
  revoke(operatorId: string, actor: Actor): Promise<Operator>;
  list(): readonly Operator[];
}

/** The person behind an administrative act, as the audit trail names them. */
export interface Actor {
  readonly operatorId: string;
  readonly requestId: string | null;
  /** Of the trace that the request belonged to. */
  readonly traceId?: string | undefined;
  /** Set while a proposal of theirs is executed, which another operator approved. */
  readonly approval?: { readonly proposalId: string; readonly approvedBy: string };
  /**
   * Set where one person was enough as things were: whatever carries it out refuses with `proposal_outdated` what
   * would take two by the time it is its turn.
   */
  readonly alone?: true;
}

/** What the service does by itself. */
export const KEYWARD = { operatorId: 'keyward', requestId: null } as const satisfies Actor;

/** `svc` opens the data plane, `ops` the operations plane; the text of a credential says which. */
export const CREDENTIAL_KINDS = ['svc', 'ops'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** What is kept of a credential: never its text. */
export interface StoredCredential {
  readonly kind: CredentialKind;
  /** SHA-256 of the whole text, 32 bytes. */
  readonly digest: Uint8Array;
  /** The client's id for `svc`, the operator's for `ops`. */
  readonly holderId: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export interface ClientsAndOperators {
  /** Those too of which a grant or credential is another. */
  readonly clients: readonly Client[];
  readonly operators: readonly Operator[];
  readonly credentials: readonly StoredCredential[];
}

/** Clients, grants, operators and credentials, durable. Every change commits with its audit event (I10). */
export interface AccessStore {
  readonly follow: Follow<ClientsAndOperators>;
  /** `client_exists`, `credential_taken`. */
  addClient(client: Client, digest: Uint8Array, actor: Actor): Promise<void>;
  /** Revokes the client together with its credentials. */
  revokeClient(clientId: string, revokedAt: number, actor: Actor): Promise<void>;
  describeClient(clientId: string, description: string, actor: Actor): Promise<void>;
  addGrant(clientId: string, grant: Grant, actor: Actor): Promise<void>;
  removeGrant(clientId: string, grant: Grant, actor: Actor): Promise<void>;
  /** `operator_exists`, `credential_taken`. */
  addOperator(operator: Operator, digest: Uint8Array, actor: Actor): Promise<void>;
  /** Revokes the operator together with their credentials. */
  revokeOperator(operatorId: string, revokedAt: number, actor: Actor): Promise<void>;
  setRoles(operatorId: string, roles: readonly Role[], actor: Actor): Promise<void>;
  /** In place of every credential that the holder has. `credential_taken`. */
  replaceCredential(credential: StoredCredential, actor: Actor): Promise<void>;
}
