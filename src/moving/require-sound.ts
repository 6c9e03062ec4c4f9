import { verifyAudit } from '../audit-verify/index.ts';
import { commandFailure } from '../cli/failure.ts';
import type { Config } from '../config.ts';
import type { ReplacedPages } from '../db/copy/replaced-pages.ts';
import type { LedgerGroup } from '../kernel/ledger-chain.ts';

interface SoundOptions {
  readonly config: Config;
  /** Absolute path. */
  readonly database: string;
  /** Where an initial copy was verified, what is not as it was then; absent: nothing was. */
  readonly replaced?: ReplacedPages | undefined;
  readonly onStep: (what: string) => void;
}

/** As `keyward audit verify` has it. */
export async function requireSound({ config, database, replaced, onStep }: SoundOptions): Promise<void> {
  const isVerified = (group: LedgerGroup) => {
    onStep(`verifying the ledger: group ${group.sequence}`);
    return replaced !== undefined && isSame(replaced, group);
  };
  onStep('verifying the audit trail');
  const { findings } = await verifyAudit({
    configFile: config.file,
    database,
    archiveDir: config.ledger.archive_dir,
    saved: [],
    sinks: false,
    isVerified,
  });
  const [first] = findings;
  if (!first) return;
  throw commandFailure(
    'audit_unsound',
    `the database does not verify, ${findings.length} findings; the first: ${first.part}: ${first.place}: ${first.detail}. Nothing was moved; docs/runbooks/changed-records.md`,
  );
}

function isSame(replaced: ReplacedPages, { sequence, firstRecord, rowCount }: LedgerGroup): boolean {
  return (
    !replaced.hasAny('ledger_groups', sequence, sequence) &&
    !replaced.hasAny('issuance_records', firstRecord, firstRecord + rowCount - 1)
  );
}
