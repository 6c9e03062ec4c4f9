import type { Detection } from '../detection.ts';
import { compromisedKey } from './compromised-key.ts';
import { crossScope } from './cross-scope.ts';
import { deniedBurst } from './denied-burst.ts';
import { malformedBurst } from './malformed-burst.ts';
import { newSource } from './new-source.ts';
import { retiredKey } from './retired-key.ts';
import { suspiciousHeader } from './suspicious-header.ts';
import { unusualRate } from './unusual-rate.ts';

/** All that is looked for in the facts. */
export const DETECTIONS: readonly Detection[] = [
  crossScope,
  retiredKey,
  compromisedKey,
  suspiciousHeader,
  newSource,
  unusualRate,
  deniedBurst,
  malformedBurst,
];
