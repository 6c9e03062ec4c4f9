export { ActivityAggregator, recordCallers } from './no-activity.ts';

export async function openDetector(): Promise<{ stop(): Promise<void> }> {
  return { stop: async () => {} };
}
