import { expect, it } from 'vitest';
import { StatementNames } from '../../../../src/db/postgres/statement-names.ts';

it('a text keeps its name, and the one not used for longest makes room', () => {
  const names = new StatementNames(2);
  expect(names.nameOf('a')).toEqual({ name: 'keyward_1' });
  expect(names.nameOf('b')).toEqual({ name: 'keyward_2' });
  expect(names.nameOf('a')).toEqual({ name: 'keyward_1' });
  expect(names.nameOf('c')).toEqual({ name: 'keyward_3', forgotten: 'keyward_2' });
  expect(names.nameOf('b')).toEqual({ name: 'keyward_4', forgotten: 'keyward_1' });
});
