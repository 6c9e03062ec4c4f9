import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/pages.ts';
import { startProgram } from '../support/program.ts';

const LOGROTATE = ['/usr/sbin/logrotate', '/usr/bin/logrotate'].some(existsSync);

async function run(script: string, ...argv: string[]) {
  return await startProgram(process.execPath, [`scripts/${script}.ts`, ...argv], { cwd: ROOT }).ended;
}

describe('a small part of the long runs', { timeout: 300_000 }, () => {
  it('no core image of a front at work holds PIN or private key, and the search finds what is there', async () => {
    const { code, output } = await run('core-dumps', '--images', '2');
    expect(output).toContain('neither PIN nor private key; all that was planted was found each time');
    expect(output).toMatch(/^PIN +in none$/m);
    expect(output).toMatch(/^planted: a P-256 key +reversed in 2$/m);
    expect(code).toBe(0);
  });

  it.skipIf(!LOGROTATE)(
    'three days of logrotate lose nothing, both ways (skipped without logrotate)',
    async () => {
      const { code, output } = await run('logrotate-days', '--days', '3');
      expect(output.match(/^verdict +nothing lost, nothing unnoticed$/gm)).toHaveLength(2);
      expect(code).toBe(0);
    },
  );
});
