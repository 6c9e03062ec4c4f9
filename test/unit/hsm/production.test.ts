import { describe, expect, it } from 'vitest';
import { refuseRevealingFlags } from '../../../src/hsm/production.ts';

const SAFE = ['--disable-sigusr1'];
const judge = (mode: 'development' | 'production', flags: readonly string[], nodeOptions = '') => {
  try {
    refuseRevealingFlags({ mode }, flags, nodeOptions);
    return 'starts';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('production mode', () => {
  it.each([
    '--inspect',
    '--inspect=0.0.0.0:9229',
    '--inspect-brk',
    '--inspect-port=1',
    '--report-on-signal',
    '--report-uncaught-exception',
    '--heapsnapshot-signal=SIGUSR2',
    '--heapsnapshot-near-heap-limit=3',
    '--heap-prof',
    '--cpu-prof',
  ])('does not start with %s, in arguments or NODE_OPTIONS; development does', (flag) => {
    const refusal = `production mode does not start with ${flag.split('=')[0]}: it reveals memory`;
    expect(judge('production', [...SAFE, flag])).toBe(refusal);
    expect(judge('production', SAFE, `--no-warnings  ${flag}`)).toBe(refusal);
    expect(judge('development', [flag], flag)).toBe('starts');
  });

  it('takes no other spelling that Node takes', () => {
    const refusal = 'production mode does not start with --report-on-signal: it reveals memory';
    expect(judge('production', [...SAFE, '--report_on_signal'])).toBe(refusal);
    expect(judge('production', SAFE, '"--report_on-signal"')).toBe(refusal);
    expect(judge('production', SAFE, '"--no_warnings"')).toBe('starts');
  });

  it('starts with flags that reveal nothing, and only where SIGUSR1 opens no debugger', () => {
    expect(judge('production', [...SAFE, '--max-semi-space-size=32'], '--no-warnings')).toBe('starts');
    expect(judge('production', [])).toBe(
      'production mode needs node --disable-sigusr1: SIGUSR1 opens a debugger',
    );
  });
});
