import { expect, it } from 'vitest';
import { exposureOf } from '../../../src/lib/secret-file.ts';

const SERVICE = { uid: 1000, gid: 1000, groups: [1000, 2000] };
const ROOT = { uid: 0, gid: 0, groups: [0] };

it.each([
  ['the service’s, for itself', 0o600, 1000, 1000, SERVICE],
  ['root’s, for itself, read with an ability', 0o400, 0, 0, SERVICE],
  ['root’s, with an ACL', 0o440, 0, 0, SERVICE],
  ['root’s, for the group of a pod', 0o440, 0, 2000, SERVICE],
  ['root’s, for the group of the service', 0o640, 0, 1000, SERVICE],
  ['root’s, for the group of a pod that runs as root', 0o640, 0, 2000, { ...ROOT, groups: [0, 2000] }],
  ['root’s, read by root', 0o440, 0, 0, ROOT],
])('a file is well that is %s', (_, mode, uid, gid, reader) => {
  expect(exposureOf({ mode: 0o100000 | mode, uid, gid }, reader)).toBeUndefined();
});

it.each([
  ['the service’s, open to its group', 0o640, 1000, 1000, SERVICE, 'chmod 600'],
  ['the service’s, open to a group of the service', 0o440, 1000, 2000, SERVICE, 'chmod 600'],
  ['root’s, open to root’s group, of a service that is root', 0o640, 0, 0, ROOT, 'chmod 600'],
  ['root’s, open to a foreign group, of a service that is root', 0o440, 0, 2000, ROOT, 'chmod 600'],
  ['root’s, open to everybody', 0o444, 0, 2000, SERVICE, 'chmod o='],
  ['root’s, to be written by the group', 0o660, 0, 2000, SERVICE, 'chmod g=r'],
  ['root’s, open to a foreign group', 0o440, 0, 3000, SERVICE, 'chgrp root'],
  ['a third user’s', 0o640, 1001, 2000, SERVICE, 'chown to the one that runs the service, then chmod 600'],
])('a file is exposed that is %s', (_, mode, uid, gid, reader, mend) => {
  expect(exposureOf({ mode: 0o100000 | mode, uid, gid }, reader)).toMatchObject({ mend });
});
