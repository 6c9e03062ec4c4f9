import type { Actor } from '../kernel/actor.ts';
import type { Client, Grant, Operator, Role } from './client.ts';

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

/** Clients, grants, operators and credentials, durable. Every change commits with its audit event (I10). */
export interface AccessStore {
  load(): Promise<{
    clients: readonly Client[];
    operators: readonly Operator[];
    credentials: readonly StoredCredential[];
  }>;
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
