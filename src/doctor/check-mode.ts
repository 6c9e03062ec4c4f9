import type { Config } from '../config.ts';
import { type Finding, ok, warn } from './finding.ts';

export function checkMode(config: Config): Finding {
  if (config.mode === 'production') return ok('mode', 'production');
  return warn(
    'mode',
    'development: not everything is asked for that production asks for',
    'set mode: production before real services rely on it',
  );
}
