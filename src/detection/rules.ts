import type { Detection } from '../watch/detection.ts';
import { compromisedKey } from '../watch/detections/compromised-key.ts';
import { crossScope } from '../watch/detections/cross-scope.ts';
import { deniedBurst } from '../watch/detections/denied-burst.ts';
import { malformedBurst } from '../watch/detections/malformed-burst.ts';
import { newSource } from './new-source.ts';
import { retiredKey } from '../watch/detections/retired-key.ts';
import { suspiciousHeader } from '../watch/detections/suspicious-header.ts';
import { unusualRate } from '../watch/detections/unusual-rate.ts';

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
