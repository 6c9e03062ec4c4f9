// Loaded first, it puts detections and decoys that see nothing in the place of the real ones: for measuring alone.
import { replaceModules } from './replace-modules.ts';

replaceModules({
  'watch/activity-aggregator.ts': './no-activity.ts',
  'open-detector.ts': './no-detector.ts',
  'open-canaries.ts': './no-canaries.ts',
});
