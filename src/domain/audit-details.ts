/** The details of a stored event; empty where somebody made of them what is no JSON object. */
export function auditDetailsIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const details: unknown = JSON.parse(json);
    return typeof details === 'object' && details !== null ? { ...details } : {};
  } catch {
    // The chain says that the event was changed.
    return {};
  }
}
