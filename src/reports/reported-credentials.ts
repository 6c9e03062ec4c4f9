import { KeywardError } from '../domain/errors.ts';
import type { KnownSecret, LeakService } from '../domain/leaks.ts';
import type { CredentialTrace, TokenFindings } from './findings.ts';

/** In which report credentials were shown. */
export interface ShownIn {
  readonly number: string;
  readonly requestId: string | null;
}

/** Past these, credentials that nobody has could be made up to fill the disk. All that are known are withdrawn. */
const MOST_LISTED = 20;

/**
 * Asks by digests, withdraws what was given out here, since whoever shows it has it, and has the alarm of a decoy rung.
 * It never rejects for what was shown: why it could not be done stands in `failure`, and doing it again does no harm.
 */
export async function withdrawShown(
  leaks: Pick<LeakService, 'find' | 'withdraw'>,
  digests: readonly Buffer[],
  { number, requestId }: ShownIn,
): Promise<Pick<TokenFindings, 'credentials' | 'failure'>> {
  const place = `report ${number}`;
  const leak = { place, source: 'report', reportedBy: `report:${number}` };
  const actor = { operatorId: 'keyward', requestId };
  let known: readonly (KnownSecret | undefined)[] = digests.map(() => undefined);
  try {
    const sought = digests.map((digest) => ({ of: 'credential', digest }) as const);
    const by = { reportedBy: null, remote: undefined, requestId, places: digests.map(() => place) };
    known = await leaks.find(sought, by);
    for (const each of known) if (each) await leaks.withdraw(each, leak, actor);
    return { credentials: listed(known), failure: null };
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    return { credentials: listed(known), failure: error.code };
  }
}

/** Those that are known first. */
function listed(known: readonly (KnownSecret | undefined)[]): CredentialTrace[] {
  return known
    .map(traceOf)
    .sort((one, other) => Number(one.holder === null) - Number(other.holder === null))
    .slice(0, MOST_LISTED);
}

function traceOf(known: KnownSecret | undefined): CredentialTrace {
  if (!known || known.kind === 'token') return { holder: null, live: false };
  const holder = known.kind === 'client_credential' ? 'client' : 'operator';
  return { holder: `${holder}:${known.holderId}`, live: known.live };
}
