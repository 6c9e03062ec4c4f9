import type { Config } from '../config.ts';
import { type Finding, ok, warn } from './finding.ts';

export function checkMode(config: Config): Finding {
  if (config.mode === 'production') return ok('mode', 'production');
  return warn(
    'mode',
    'development: one operator alone may do what production asks two for',
    'set mode: production before real services rely on it',
  );
}
