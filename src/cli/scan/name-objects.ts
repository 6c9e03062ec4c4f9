import { type GitPlace, gitPlaces } from '../../scan/git-places.ts';
import { GitFailure } from '../../scan/git-process.ts';
import { withoutSecrets } from '../../scan/names.ts';
import type { ScanReport, Within } from './kinds.ts';

const UNKNOWN = 'path not known: the history cannot be read';

type Named = Within & { readonly place: string };

/**
 * Names what stands in objects of a repository by path and commit, where something still leads to them. Why that was
 * not possible is said among what was not read: what was found is told all the same.
 */
export async function nameObjects(repository: string, report: ScanReport): Promise<ScanReport> {
  const objects = [...report.findings, ...report.skipped].flatMap(({ object }) => object ?? []);
  if (objects.length === 0) return report;
  const places = await gitPlaces(repository, objects).catch(failureOf);
  const named = <T extends Named>(each: T): T => {
    const { object } = each;
    if (!object) return each;
    const at = typeof places === 'string' ? undefined : shownAt(places.get(object.id));
    const what = typeof places === 'string' ? UNKNOWN : describe(object.type, at);
    const place = each.place.replace(object.id, () => `${object.id.slice(0, 12)} (${what})`);
    return { ...each, place, object: { ...object, ...at } };
  };
  const unnamed =
    typeof places === 'string' ? [{ place: repository, why: `paths not known: ${places}` }] : [];
  return {
    ...report,
    findings: report.findings.map(named),
    skipped: [...report.skipped.map(named), ...unnamed],
  };
}

function shownAt(at: GitPlace | undefined): GitPlace | undefined {
  return at?.path ? { ...at, path: withoutSecrets(at.path) } : at;
}

function describe(type: string, at: GitPlace | undefined): string {
  if (!at) return 'reached by no commit';
  if (at.path === null) return type;
  return at.commit === null ? at.path : `${at.path} in commit ${at.commit.slice(0, 12)}`;
}

function failureOf(error: unknown): string {
  if (!(error instanceof GitFailure)) throw error;
  return error.message;
}
