import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runAnswered } from '../../support/answered-call.ts';
import { ANSWERED_CALLS } from '../../support/command-answers.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { ROOT } from '../../support/pages.ts';

const page = readFileSync(`${ROOT}docs/command-line.md`, 'utf8');
const shown = [...page.matchAll(/^```\n\$ keyward (.+?) +# (\d+) columns\n([\s\S]*?)^```$/gm)].map(
  ([, line = '', columns, output = '']) => [line, Number(columns), output] as const,
);

describe('docs/command-line.md', () => {
  it('shows status, key list and event show, narrow and wide', () => {
    const wanted = ['status', 'key list', 'event show 1017'].flatMap((line) => [`${line} 80`, `${line} 140`]);
    expect(shown.map(([line, columns]) => `${line} ${columns}`)).toEqual(wanted);
  });

  it.each(shown)('shows what `keyward %s` prints at %d columns', async (line, columns, output) => {
    const call = ANSWERED_CALLS.find(({ argv }) => argv.join(' ') === line);
    if (!call) throw new Error(`no answers for ${line}`);
    const { out } = await runAnswered(call, folderOfTest(), { columns, environment: { noColor: true } });
    expect(output).toBe(out);
  });
});
