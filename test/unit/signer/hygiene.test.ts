import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { forbidCoreDumps } from '../../../src/signer/hygiene.ts';

it('I8: leaves no memory to a core dump, and says that it could', () => {
  expect(forbidCoreDumps()).toEqual({ ok: true, problems: [] });
  expect(readFileSync('/proc/self/coredump_filter', 'utf8').trim()).toBe('00000000');
  expect(readFileSync('/proc/self/limits', 'utf8')).toMatch(/^Max core file size +0 +0 /m);
});
