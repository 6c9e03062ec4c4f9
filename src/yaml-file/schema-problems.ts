import { z } from 'zod';
import { didYouMean } from '../lib/did-you-mean.ts';
import { type Locate, messageOf, type Path, type Place, type Problem, pathName } from './problem.ts';

type Issue = z.core.$ZodIssue;
/** Finding the place of each takes time with the length of the file. */
const MOST_ISSUES = 100;

type Unknown = Extract<Issue, { code: 'unrecognized_keys' }>;

/** What the schema refuses, each at its place and with what is allowed there. */
export function schemaProblems(schema: z.ZodType, all: readonly Issue[], locate: Locate): readonly Problem[] {
  const issues = all.slice(0, MOST_ISSUES);
  const unknown = issues.filter((issue): issue is Unknown => issue.code === 'unrecognized_keys');
  const misspelt = new Set<string>();
  const problems = unknown.flatMap(({ path, keys }) =>
    keys.slice(0, MOST_ISSUES).map((key) => {
      const allowed = membersAt(schema, asPath(path));
      const meant = didYouMean(key, allowed);
      if (meant !== undefined) misspelt.add(pathName([...asPath(path), meant]));
      const advice = meant === undefined ? `use ${allowed.join(', ')}` : `did you mean ${meant}?`;
      return problem(
        locate([...asPath(path), key], 'key'),
        [...asPath(path), key],
        `is not known; ${advice}`,
      );
    }),
  );
  const others = issues
    .filter((issue) => issue.code !== 'unrecognized_keys')
    // A member that is there under a misspelt name is not missing as well.
    .filter((issue) => !(isMissing(issue) && misspelt.has(pathName(asPath(issue.path)))))
    .map((issue) => otherProblem(issue, locate));
  return [...problems, ...others];
}

function otherProblem(issue: Issue, locate: Locate): Problem {
  const path = asPath(issue.path);
  if (isMissing(issue)) return problem(locate(path.slice(0, -1), 'key'), path, 'is missing');
  if (issue.code === 'invalid_key') {
    return problem(locate(path, 'key'), path, issue.issues[0]?.message ?? issue.message);
  }
  return problem(locate(path), path, issue.message);
}

function problem(place: Place, path: Path, message: string): Problem {
  return { ...place, message: messageOf(path, message) };
}

/** Also where a check of the section around it says so: `params: { missing: true }`. */
function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type'
    ? issue.input === undefined
    : issue.code === 'custom' && issue.params?.missing === true;
}

/** The names that an object of the schema may have there, whichever of its alternatives it is. */
function membersAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  let here = alternatives(schema);
  for (const step of path) here = here.flatMap((outer) => alternatives(childOf(outer, step)));
  return [...new Set(here.flatMap((found) => (found instanceof z.ZodObject ? membersOf(found) : [])))];
}

/** Without former members, which are in the schema for what their refusal says. */
export function membersOf({ shape }: z.ZodObject): readonly string[] {
  return Object.keys(shape).filter((name) => !(alternatives(shape[name])[0] instanceof z.ZodNever));
}

function childOf(outer: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (outer instanceof z.ZodRecord) return outer.valueType;
  if (outer instanceof z.ZodArray) return outer.element;
  return outer instanceof z.ZodObject ? outer.shape[step as string] : undefined;
}

/** The types behind defaults, optional members and unions. */
export function alternatives(schema: z.core.$ZodType | undefined): readonly z.core.$ZodType[] {
  if (schema === undefined) return [];
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return alternatives(schema.def.innerType);
  }
  return schema instanceof z.ZodUnion ? schema.options.flatMap(alternatives) : [schema];
}

function asPath(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'number' ? step : String(step)));
}
