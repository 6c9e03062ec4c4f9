import { expect, it } from 'vitest';
import { crashLifecycles } from '../../scripts/crash/lifecycle-kills.ts';

const TIMEOUT_MS = 400_000;

it('a kill in the middle of a rotation, compromise, destruction or generation leaves what the next start completes or rolls back', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { kills, findings } = await crashLifecycles({ stride: 5, most: 1 });
  expect(findings).toStrictEqual([]);
  expect(Object.keys(kills)).toStrictEqual(['rotate', 'compromise', 'destroy', 'generate']);
  expect(Object.values(kills).every((count) => count >= 2)).toBe(true);
});
