import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withBuiltEntries } from '../../../scripts/package/compile.ts';
import { lockedPlaces } from '../../../scripts/package/dependencies.ts';
import { reachedFrom } from '../../../scripts/package/reach.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

describe('addresses of what is started', () => {
  it('end in .js, and nothing else changes', () => {
    expect(withBuiltEntries("new URL('../a/b-worker.ts', import.meta.url)")).toBe(
      "new URL('../a/b-worker.js', import.meta.url)",
    );
    for (const other of ["new URL('./page.html', import.meta.url)", "'./a.ts'", '// see ./a.ts']) {
      expect(withBuiltEntries(other)).toBe(other);
    }
  });
});

describe('locked dependencies', () => {
  const packages = {
    '': {},
    'node_modules/a': { dependencies: { b: '^1', '@s/c': '^1' } },
    'node_modules/a/node_modules/b': { dependencies: { '@s/c': '^1' } },
    'node_modules/b': {},
    'node_modules/@s/c': {},
    'node_modules/unused': {},
  };

  it('are the nearest of each name, as Node finds them', () => {
    expect(lockedPlaces(['a'], packages)).toEqual([
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
    ]);
    expect(lockedPlaces(['b'], packages)).toEqual(['node_modules/b']);
  });

  it('are all there, or nothing is built', () => {
    expect(() => lockedPlaces(['a', 'gone'], packages)).toThrow('gone is not in the lockfile');
  });
});

describe('what a file reaches', () => {
  it('is loaded at once, later, or started; what is left out takes along what it alone loads', () => {
    const folder = folderOfTest();
    const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
    mkdirSync(join(folder, 'sub'));
    write('main.js', "import { x } from './sub/a.js';\nexport * from 'pkg/deep';\nimport 'node:fs';");
    write('sub/a.js', "await import('../late.js');\nnew URL('./worker.js', import.meta.url);");
    write('sub/worker.js', "import '@scope/native/x';");
    write('late.js', '');
    expect(reachedFrom(folder, ['main.js'], [])).toEqual({
      files: ['late.js', 'main.js', 'sub/a.js', 'sub/worker.js'],
      packages: ['@scope/native', 'pkg'],
    });
    expect(reachedFrom(folder, ['main.js'], ['sub/worker.js'])).toEqual({
      files: ['late.js', 'main.js', 'sub/a.js'],
      packages: ['pkg'],
    });
  });
});
