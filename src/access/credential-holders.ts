import type { CredentialHolders } from '../kernel/leaks.ts';
import type { Directory } from './directory.ts';

/** From memory, as authentication is. */
export function createCredentialHolders(directory: Directory): CredentialHolders {
  return {
    holderOf(digest) {
      const held = directory.everHeld(digest);
      if (!held) return undefined;
      const { kind, holderId: id, revokedAt } = held;
      const client = kind === 'svc' ? directory.client(id) : undefined;
      const holder = client ?? directory.operator(id);
      const opens = revokedAt === null && holder?.revokedAt === null;
      const scopes = [...new Set(client?.grants.map(({ scopeId }) => scopeId))].sort();
      return { kind, id, opens, scopes };
    },
  };
}
