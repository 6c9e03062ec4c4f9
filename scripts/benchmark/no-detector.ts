export async function openDetector(): Promise<{ stop(): Promise<void> }> {
  return { stop: async () => {} };
}
