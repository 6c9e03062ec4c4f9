import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface DiskWatch {
  /** The share in use as last seen, by name. */
  used(): Readonly<Record<string, number>>;
  /** Looks now. */
  look(): Promise<void>;
}

/** Measures the file systems under some paths. */
export function watchDisks(
  paths: Readonly<Record<string, string>>,
  measure: (path: string) => Promise<number> = shareInUse,
): DiskWatch {
  const used: Record<string, number> = {};
  return {
    used: () => ({ ...used }),
    async look() {
      for (const [name, path] of Object.entries(paths)) used[name] = await measure(path);
    },
  };
}

/** Of what the service may use: blocks kept for root count as full. A folder still to be made lies in its parent. */
export async function shareInUse(path: string): Promise<number> {
  try {
    const { blocks, bfree, bavail } = await statfs(path);
    const inUse = blocks - bfree;
    return inUse / (inUse + bavail);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    return shareInUse(parent);
  }
}
