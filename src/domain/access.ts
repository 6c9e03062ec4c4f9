import type { Action, Client, Operator, Role } from './client.ts';

/** Who is calling. Both methods take the value of the `Authorization` header. */
export interface Authenticator {
  /** `credential_missing`, `credential_malformed` or `credential_invalid` where there is no such client. */
  client(authorization: string | undefined): Client;
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
  /** Takes effect before it returns. `unknown_client`; revoking twice is no error. */
  revoke(clientId: string, actor: Actor): Promise<Client>;
  list(): readonly Client[];
  /** `unknown_client`, `unknown_scope`, `client_revoked`. Adding what is there is no error. */
  grant(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client>;
  withdraw(clientId: string, scopeId: string, action: Action, actor: Actor): Promise<Client>;
}

/** Enrols the people of the operations plane, at `keyward init`. */
export interface OperatorAdministration {
  /** The credential is shown this once. `operator_exists`, `invalid_operator`. */
  create(
    operator: { id: string; roles: readonly Role[] },
    actor: Actor,
  ): Promise<{ operator: Operator; credential: string }>;
  list(): readonly Operator[];
}

/** The person behind an administrative act, as the audit trail names them. */
export interface Actor {
  readonly operatorId: string;
  readonly requestId: string | null;
}
