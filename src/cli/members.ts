import { isObject, safeJson } from '../lib/json.ts';
import type { Cell } from './table.ts';

/** Members that are moments by their names: of evidence, of claims, of what a policy would become. */
const MOMENT = /(?:^|_)(?:at|from|until|since)$|^(?:iat|exp|nbf|auth_time|hour|wall)$/;
/** The years 2001 to 5138; smaller numbers are counts or spans. */
const EPOCH = { first: 1e9, last: 1e11 } as const;

/** What a program was told, for people: times as times, lists as lists. */
export function memberCell(name: string, value: unknown): Cell {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && MOMENT.test(name) && value >= EPOCH.first && value < EPOCH.last) {
    return { time: Math.floor(value) };
  }
  const isList = Array.isArray(value) && value.every((each) => typeof each !== 'object');
  return isList ? value.join(', ') || '-' : safeJson(value);
}

/** `name=value`, for one line. Lists and objects that are longer than `longest` are cut. */
export function memberTexts(of: unknown, longest = Number.POSITIVE_INFINITY): readonly string[] {
  if (!isObject(of)) return [];
  return Object.entries(of).map(([name, value]) => {
    if (typeof value === 'string') return `${name}=${value}`;
    const text = `${name}=${safeJson(value)}`;
    return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
  });
}

/** Each member on a line; those of an object within under `outer.inner`. */
export function memberFields(of: object, within = ''): readonly (readonly [name: string, value: Cell])[] {
  return Object.entries(of).flatMap(([name, value]) =>
    isObject(value) && Object.keys(value).length > 0
      ? memberFields(value, `${within}${name}.`)
      : [[within + name, memberCell(name, value)] as const],
  );
}
