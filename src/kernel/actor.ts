import type { Action, Client, Operator, Role } from '../domain/client.ts';
import type { ClientSecret } from '../domain/client-secret.ts';

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
  /** Set while a proposal of theirs is executed, which another operator approved. */
  readonly approval?: { readonly proposalId: string; readonly approvedBy: string };
  /**
   * Set where one person was enough as things were: whatever carries it out refuses with `proposal_outdated` what
   * would take two by the time it is its turn.
   */
  readonly alone?: true;
}
