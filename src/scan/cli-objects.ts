import type { ScanReport, Within } from './cli-collected.ts';
import type { OpenedGit } from './cli-sources.ts';
import type { Names } from './format.ts';
import { type GitPlace, gitPlaces } from './git-places.ts';
import { GitFailure } from './git-process.ts';

const UNKNOWN = 'path not known: the history cannot be read';

type Named = Within & { readonly place: string };

/**
 * Names what stands in objects of a repository by path and commit, where something still leads to them. Why that was
 * not possible is said among what was not read: what was found is told all the same.
 */
export async function nameObjects(
  { place, repository }: OpenedGit,
  report: ScanReport,
  names: Names,
): Promise<ScanReport> {
  const objects = [...report.findings, ...report.skipped].flatMap(({ object }) => object ?? []);
  if (objects.length === 0) return report;
  const places = repository.flaw ?? (await gitPlaces(repository, objects).catch(failureOf));
  const named = <T extends Named>(each: T): T => {
    const { object } = each;
    if (!object) return each;
    const at = typeof places === 'string' ? undefined : shownAt(places.get(object.id), names);
    const what = typeof places === 'string' ? UNKNOWN : describe(object.type, at);
    const shown = each.place.replace(object.id, () => `${object.id.slice(0, 12)} (${what})`);
    return { ...each, place: shown, object: { ...object, ...at } };
  };
  const unnamed = typeof places === 'string' ? [{ place, why: `paths not known: ${places}` }] : [];
  return {
    ...report,
    findings: report.findings.map(named),
    skipped: [...report.skipped.map(named), ...unnamed],
  };
}

function shownAt(at: GitPlace | undefined, names: Names): GitPlace | undefined {
  return at?.path ? { ...at, path: names.shown(at.path) } : at;
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
