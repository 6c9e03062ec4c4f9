import { statfs } from 'node:fs/promises';

/** By the numbers of linux/magic.h. Their files are made up when they are read: some never answer, some never end. */
const PSEUDO_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x6265_6572, 'sysfs'],
  [0x6462_6720, 'debugfs'],
  [0x7472_6163, 'tracefs'],
  [0x7363_6673, 'securityfs'],
  [0x6265_6570, 'configfs'],
  [0x27_e0eb, 'cgroup'],
  [0x6367_7270, 'cgroup2'],
  [0xcafe_4a11, 'bpf'],
  [0x4249_4e4d, 'binfmt_misc'],
  [0x6573_5543, 'fusectl'],
  [0xf97c_ff8c, 'selinuxfs'],
  [0x6759_6969, 'rpc_pipefs'],
  [0x1cd1, 'devpts'],
  [0x6e73_6673, 'nsfs'],
]);

/** The name of the pseudo file system that a path lies on. Where that cannot be told, reading it says why. */
export async function pseudoFileSystem(path: string): Promise<string | undefined> {
  const status = await statfs(path).catch(() => undefined);
  return status && PSEUDO_FILE_SYSTEMS.get(status.type);
}
