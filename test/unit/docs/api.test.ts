import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { PROBLEMS } from '../../../src/server/problem.ts';
import { ROOT } from '../../support/pages.ts';

const SCOPE = '/v1/scopes/{scope}/';
const page = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');

/** Cells of the table's rows, without its head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [, , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) => row.split(/ *\| */).slice(1, -1));
}

it('names codes that there are, in the row of their status', () => {
  const named = tableUnder('Errors').flatMap(([statuses = '', codes = '']) =>
    [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => ({ code, statuses: statuses.split(', ') })),
  );
  const wrong = named.filter(({ code, statuses }) => {
    const { status } = PROBLEMS[code as keyof typeof PROBLEMS] ?? {};
    return !statuses.includes(`${status}`);
  });
  expect(named.length).toBeGreaterThan(15);
  expect(wrong).toEqual([]);
});

it('tells the calls that there are, and how large their bodies may be', () => {
  const scoped = API_ROUTES.data.filter(({ path }) => path.startsWith(SCOPE));
  const calls = scoped.map(({ path }) => path.replace(SCOPE, ''));
  const all = tableUnder('Base URL and scope').flatMap(([paths = '']) =>
    paths.match(/[^`/]+(?:\/batch)?(?=`)/g),
  );
  expect(calls.filter((call) => !all.includes(call))).toEqual([]);
  const limits = tableUnder('Limits');
  const told = scoped.flatMap(({ path, operation: { requestBody: body } }) => {
    if (!body || !('x-max-bytes' in body)) return [];
    const own = limits.find(
      ([what = '']) => what.startsWith('body of') && what.includes(`\`${path.replace(SCOPE, '')}\``),
    );
    const [, shown] = own ?? limits.find(([what]) => what === 'other bodies') ?? [];
    return [[path, shown, sizeText(Number(body['x-max-bytes']))]];
  });
  expect(told.length).toBeGreaterThan(5);
  expect(told.filter(([, shown, size]) => shown !== size)).toEqual([]);
});

function sizeText(bytes: number): string {
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib} KiB` : `${kib / 1024} MiB`;
}
