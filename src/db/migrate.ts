import type { Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { KeywardError } from '../kernel/errors.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { ledgerChain } from './migrations/0002-ledger-chain.ts';
import { revocationsAndSecurityEvents } from './migrations/0003-revocations-and-security-events.ts';
import { auditChain } from './migrations/0004-audit-chain.ts';
import { registrySignatures } from './migrations/0005-registry-signatures.ts';
import { scopeContacts } from './migrations/0006-scope-contacts.ts';
import { keyLife } from './migrations/0007-key-life.ts';
import { rotationPause } from './migrations/0008-rotation-pause.ts';
import { proposals } from './migrations/0009-proposals.ts';
import { recordsBySlot } from './migrations/0010-records-by-slot.ts';
import { hsmTokens } from './migrations/0011-hsm-tokens.ts';
import { callersJti } from './migrations/0012-callers-jti.ts';
import { tokenCompromise } from './migrations/0013-token-compromise.ts';
import { auditSubjects } from './migrations/0014-audit-subjects.ts';
import { formerCaches } from './migrations/0015-former-caches.ts';
import { recordGaps } from './migrations/0016-record-gaps.ts';
import { securityEventSteps } from './migrations/0017-security-event-steps.ts';
import { detectionMemory } from './migrations/0018-detection-memory.ts';
import { canaries } from './migrations/0021-canaries.ts';
import { reports } from './migrations/0021-reports.ts';
import { notifications } from './migrations/0022-notifications.ts';
import { reportsStanding } from './migrations/0023-reports-standing.ts';
import { verifierProbes } from './migrations/0023-verifier-probes.ts';
import { summaryTypes } from './migrations/0024-summary-types.ts';
import { runSeals } from './migrations/0025-run-seals.ts';
import { ledgerSeals } from './migrations/0026-ledger-seals.ts';
import type { Schema } from './schema.ts';
import { SqliteFailure } from './sqlite-failure.ts';

/** By name, in order. A published migration is never edited: what changes gets the next number. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-foundation': foundation,
  '0002-ledger-chain': ledgerChain,
  '0003-revocations-and-security-events': revocationsAndSecurityEvents,
  '0004-audit-chain': auditChain,
  '0005-registry-signatures': registrySignatures,
  '0006-scope-contacts': scopeContacts,
  '0007-key-life': keyLife,
  '0008-rotation-pause': rotationPause,
  '0009-proposals': proposals,
  '0010-records-by-slot': recordsBySlot,
  '0011-hsm-tokens': hsmTokens,
  '0012-callers-jti': callersJti,
  '0013-token-compromise': tokenCompromise,
  '0014-audit-subjects': auditSubjects,
  '0015-former-caches': formerCaches,
  '0016-record-gaps': recordGaps,
  '0017-security-event-steps': securityEventSteps,
  '0018-detection-memory': detectionMemory,
  '0021-canaries': canaries,
  '0021-reports': reports,
  '0022-notifications': notifications,
  '0023-reports-standing': reportsStanding,
  '0023-verifier-probes': verifierProbes,
  '0024-summary-types': summaryTypes,
  '0025-run-seals': runSeals,
  '0026-ledger-seals': ledgerSeals,
};

/** Brings the tables up to date within the transaction given. `invalid_config` for those of a newer version. */
export async function migrate(trx: Transaction<Schema>): Promise<void> {
  const migrator = new Migrator({ db: trx, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof SqliteFailure ? error : unfit(error);
}

function unfit(cause: unknown): KeywardError {
  const message = 'database.file: its tables are not of this version; start the version that last used it';
  return new KeywardError('invalid_config', message, { cause });
}
