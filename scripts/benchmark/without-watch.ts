// Loaded first, it puts detections and decoys that see nothing in the place of the real ones: for measuring alone.
import { replaceModules } from './replace-modules.ts';

replaceModules({
  'detection/activity.ts': './no-activity.ts',
  'detection/index.ts': './no-detector.ts',
  'canaries/index.ts': './no-canaries.ts',
});
