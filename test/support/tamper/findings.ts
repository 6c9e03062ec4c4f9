import { verifyAudit } from '../../../src/audit-verify/index.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Ground } from './ground.ts';

/** What `keyward audit verify` names first; undefined where it names nothing. */
export async function verified({ configFile }: Ground): Promise<string | undefined> {
  try {
    const [first] = (await verifyAudit({ configFile, saved: [] })).findings;
    return first && `${first.part} ${first.fault}: ${first.place}: ${first.detail}`;
  } catch (error) {
    if (error instanceof KeywardError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
