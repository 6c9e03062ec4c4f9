import { canonicalJson, type Json, type JsonObject } from './json.ts';

/** One member that would change, by its path such as `policy.max_ttl_seconds`; null where it is not there. */
interface MemberChange {
  readonly member: string;
  readonly from: Json;
  readonly to: Json;
}

/** What would change, member by member, those of objects singly, lists as a whole. */
export function differenceOf(before: JsonObject | null, after: JsonObject | null): readonly MemberChange[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((member) => {
    const [from, to] = [was.get(member) ?? null, is.get(member) ?? null];
    return canonicalJson(from) === canonicalJson(to) ? [] : [{ member, from, to }];
  });
}

function leavesOf(value: JsonObject | null, path = ''): Map<string, Json> {
  const leaves = new Map<string, Json>();
  for (const [name, member] of Object.entries(value ?? {})) {
    const at = path === '' ? name : `${path}.${name}`;
    if (!isObject(member)) leaves.set(at, member);
    else for (const [inner, leaf] of leavesOf(member, at)) leaves.set(inner, leaf);
  }
  return leaves;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
