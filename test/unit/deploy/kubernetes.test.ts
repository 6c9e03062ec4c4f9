import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../../src/config.ts';
import { isFile } from '../../../src/db/database-settings.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const ROOT = new URL('../../../', import.meta.url);
const FOLDER = fileURLToPath(new URL('deploy/kubernetes/', ROOT));
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: as deep as Kubernetes has it
  readonly spec: any;
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly { readonly path: string; readonly target?: object }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
}

const documents = (file: string): Resource[] =>
  parseAllDocuments(read(file), { strict: true }).map((document) => document.toJS());
const kustomization = (folder: string): Kustomization => parse(read(join(folder, 'kustomization.yaml')));
const isYaml = (path: string) => path.endsWith('.yaml');

/** Of a folder and those that it builds on. */
function resourcesOf(folder: string): Resource[] {
  return (kustomization(folder).resources ?? []).flatMap((path) =>
    isYaml(path) ? documents(join(folder, path)) : resourcesOf(join(folder, path)),
  );
}

function one<T>(found: readonly T[]): T {
  expect(found).toHaveLength(1);
  return found[0] as T;
}

const named = (resources: readonly Resource[], kind: string) =>
  resources.filter((resource) => resource.kind === kind);

/** Members of lists are matched by name, as Kubernetes merges them; enough for these files. */
// biome-ignore lint/suspicious/noExplicitAny: as deep as Kubernetes has it
function merged(base: any, patch: any): any {
  if (Array.isArray(base) && Array.isArray(patch) && [...base, ...patch].every((each) => each?.name)) {
    const patched = base.map((each) => merged(each, patch.find(({ name }) => name === each.name) ?? {}));
    return [...patched, ...patch.filter(({ name }) => !base.some((each) => each.name === name))];
  }
  if (typeof base !== 'object' || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const keys = [...Object.keys(base), ...Object.keys(patch).filter((key) => !(key in base))];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key in base && key in patch ? merged(base[key], patch[key]) : (patch[key] ?? base[key]),
    ]),
  );
}

function statefulSetOf(overlay: string): Resource {
  const base = one(named(resourcesOf(overlay), 'StatefulSet'));
  return merged(base, one(documents(`${overlay}/statefulset.yaml`)));
}

function configOf(file: string) {
  const at = join(folderOfTest(), 'etc/keyward');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'config.yaml'), read(file));
  return loadConfig(join(at, 'config.yaml'), {});
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
}

const podOf = ({ spec }: Resource) => spec.template.spec;
const mountsOf = (pod: Resource['spec']): readonly Mount[] => pod.containers[0].volumeMounts;

/** The volume that a path of the configuration lies on: the nearest mount above it. */
function volumeOf(pod: Resource['spec'], path: string): string | undefined {
  const above = mountsOf(pod).filter(
    ({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`),
  );
  return above.toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0]?.name;
}

const OVERLAYS = [
  ['one', 'one/config.yaml', () => one(documents('one/init-job.yaml'))],
  ['several', 'several/configuration/config.yaml', () => one(named(resourcesOf('several/init'), 'Job'))],
] as const;

it('lists each of its files where it is used, and names none that is not there', () => {
  const used = globSync('**/kustomization.yaml', { cwd: FOLDER }).flatMap((file) => {
    const folder = join(file, '..');
    const { resources = [], components = [], patches = [], configMapGenerator = [] } = kustomization(folder);
    const files = [
      ...resources,
      ...components,
      ...patches.map(({ path }) => path),
      ...configMapGenerator.flatMap((each) => each.files),
    ].map((path) => join(folder, path));
    for (const each of files) expect([each, existsSync(join(FOLDER, each))]).toEqual([each, true]);
    return [join(file), ...files.filter(isYaml)];
  });
  const files = globSync('**/*.yaml', { cwd: FOLDER });
  expect([...files].sort()).toEqual([...used, 'one/init-job.yaml'].sort());
});

it('names the image once, but for the job that no kustomization has', () => {
  const tag = one(kustomization('image').images ?? []).newTag;
  expect(documents('one/init-job.yaml')[0]?.spec.template.spec.containers[0].image).toBe(
    `registry.example.com/keyward:${tag}`,
  );
  expect(tag).toBe(JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).version);
});

describe.each(OVERLAYS)('deploy/kubernetes/%s', (overlay, configFile, findJob) => {
  const resources = resourcesOf(overlay);
  const statefulSet = statefulSetOf(overlay);
  const job = findJob();
  const labels = { 'app.kubernetes.io/name': 'keyward' };

  it('selects the pods that it makes', () => {
    for (const { spec } of [statefulSet, job]) expect(spec.template.metadata.labels).toEqual(labels);
    expect(statefulSet.spec.selector.matchLabels).toEqual(labels);
    for (const { spec } of named(resources, 'Service')) expect(spec.selector).toEqual(labels);
    expect(one(named(resources, 'PodDisruptionBudget')).spec.selector.matchLabels).toEqual(labels);
    expect(one(named(resources, 'NetworkPolicy')).spec.podSelector.matchLabels).toEqual(labels);
  });

  it('lets neither service nor job write its image or gain rights', () => {
    for (const resource of [statefulSet, job]) {
      const pod = podOf(resource);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext } of [...(pod.initContainers ?? []), ...pod.containers]) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('mounts the PIN as root’s, for the pod’s group alone, where the configuration names it', () => {
    for (const resource of [statefulSet, job]) {
      const pod = podOf(resource);
      const pin = pod.volumes.find(({ name }: Mount) => name === 'pin');
      expect(pin.projected.defaultMode).toBe(0o440);
      expect(pod.securityContext.fsGroup).toBe(pod.securityContext.runAsGroup);
      const mount = mountsOf(pod).find(({ name }) => name === 'pin');
      expect(configOf(configFile).hsm.pin_file).toBe(`${mount?.mountPath}/pin`);
    }
    const state = podOf(job).volumes.find(({ name }: Mount) => name === 'state');
    expect(state.persistentVolumeClaim.claimName).toBe('state-keyward-0');
  });

  it('mounts each volume that there is, and no other', () => {
    for (const resource of [statefulSet, job]) {
      const { volumeClaimTemplates = [] } = resource.spec;
      const volumes = [
        ...podOf(resource).volumes.map(({ name }: Mount) => name),
        ...volumeClaimTemplates.map(({ metadata }: Resource) => metadata.name),
      ];
      const containers = [...podOf(resource).containers, ...(podOf(resource).initContainers ?? [])];
      const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }: Mount) => name));
      expect([...new Set(mounted)].sort()).toEqual(volumes.sort());
    }
  });

  it('probes routes that there are, and restarts by none that an HSM could fail', () => {
    const [container] = podOf(statefulSet).containers;
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
      (probe) => container[probe].httpGet.path,
    );
    expect(probes).toEqual(['/healthz', '/healthz', '/readyz/verify']);
    const routes = globSync('src/health/**/*.ts', { cwd: ROOT }).map((file) =>
      readFileSync(new URL(file, ROOT), 'utf8'),
    );
    for (const path of probes) expect(routes.join('\n')).toContain(`'${path}'`);
    const ports = container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
      name,
      containerPort,
    ]);
    const config = configOf(configFile);
    expect(ports).toEqual([
      ['data', config.data_plane.port],
      ['operations', config.operations_plane.port],
    ]);
    expect(config.data_plane.tls).toBeDefined();
  });

  it('gives more time to stop than a drain takes', () => {
    const { limits } = configOf(configFile);
    expect(podOf(statefulSet).terminationGracePeriodSeconds).toBeGreaterThan(limits.drain_seconds);
  });
});

describe('deploy/kubernetes/one', () => {
  it('has one instance on a file, which no drain ends', () => {
    expect(isFile(configOf('one/config.yaml').database)).toBe(true);
    expect(statefulSetOf('one').spec.replicas).toBe(1);
    expect(one(named(resourcesOf('one'), 'PodDisruptionBudget')).spec.maxUnavailable).toBe(0);
  });
});

describe('deploy/kubernetes/several', () => {
  const resources = resourcesOf('several');
  const statefulSet = statefulSetOf('several');
  const pod = podOf(statefulSet);
  const configured = () => configOf('several/configuration/config.yaml');

  it('has two fronts on two nodes, of which a drain and a rollout take one at a time', () => {
    const { replicas, podManagementPolicy, updateStrategy, minReadySeconds } = statefulSet.spec;
    expect([replicas, podManagementPolicy, updateStrategy]).toEqual([
      2,
      'OrderedReady',
      { type: 'RollingUpdate' },
    ]);
    expect(minReadySeconds).toBeGreaterThan(0);
    expect(one(named(resources, 'PodDisruptionBudget')).spec.maxUnavailable).toBe(1);
    const [affinity] = pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(affinity.topologyKey).toBe('kubernetes.io/hostname');
    expect(affinity.labelSelector.matchLabels).toEqual(statefulSet.spec.selector.matchLabels);
  });

  it('reads the one configuration of all where it is mounted, and changes nothing in it', () => {
    const { env } = pod.containers[0];
    expect(env).toEqual([{ name: 'KEYWARD_CONFIG', value: '/etc/keyward/config.yaml' }]);
    expect(volumeOf(pod, env[0].value)).toBe('configuration');
    expect(pod.initContainers).toBeUndefined();
    const { file, ...rest } = configured();
    expect(JSON.stringify(rest)).not.toContain(join(file, '..'));
  });

  it('keeps on a volume of each front what is its own, and on a shared one the archive alone', () => {
    const { hsm, ledger, audit } = configured();
    const own = [hsm.latch_file, hsm.state_dir, `${ledger.archive_dir}.end`];
    for (const sink of audit.sinks) if (sink.type === 'file') own.push(sink.file);
    expect(own).toHaveLength(4);
    for (const path of own) expect([path, volumeOf(pod, String(path))]).toEqual([path, 'state']);
    expect(statefulSet.spec.volumeClaimTemplates[0].metadata.name).toBe('state');
    expect(volumeOf(pod, ledger.archive_dir)).toBe('archive');
    const archive = pod.volumes.find(({ name }: Mount) => name === 'archive');
    const claim = one(named(resources, 'PersistentVolumeClaim'));
    expect(archive.persistentVolumeClaim.claimName).toBe(claim.metadata.name);
    expect(claim.spec.accessModes).toEqual(['ReadWriteMany']);
  });

  it('waits for as many standbys as the cluster of CloudNativePG promises, and is let to it', () => {
    const cluster = parse(readFileSync(new URL('deploy/postgresql/cloudnative-pg.yaml', ROOT), 'utf8'));
    const { database } = configured();
    if (isFile(database)) throw new Error('it is on a file');
    expect([database.durability, database.copies]).toEqual([
      'replicated',
      cluster.spec.postgresql.synchronous.number,
    ]);
    expect(volumeOf(pod, database.url_file)).toBe('database');
    const [shown] = read('several/kustomization.yaml').match(/postgres:\/\/\S+/) ?? [];
    const { hostname, pathname, username, searchParams } = new URL(String(shown));
    expect(hostname).toBe(`${cluster.metadata.name}-rw`);
    const { database: name, owner } = cluster.spec.bootstrap.initdb;
    expect([pathname, username]).toEqual([`/${name}`, owner]);
    expect(volumeOf(pod, String(searchParams.get('sslrootcert')))).toBe('database-ca');
    const ca = pod.volumes.find(({ name }: Mount) => name === 'database-ca');
    expect(ca.projected.sources[0].secret.name).toBe(`${cluster.metadata.name}-ca`);
    const [{ value }] = parse(read('several/network-policy.yaml'));
    expect(value.to[0].podSelector.matchLabels).toEqual({ 'cnpg.io/cluster': cluster.metadata.name });
  });

  it('is initialised once with what its fronts have, on the volume that the first one takes over', () => {
    const job = one(named(resourcesOf('several/init'), 'Job'));
    const shared = mountsOf(pod).filter(({ name }) => name !== 'archive');
    expect([...mountsOf(podOf(job))].sort(byName)).toEqual([...shared].sort(byName));
    const state = one(named(resourcesOf('several/init'), 'PersistentVolumeClaim'));
    const [template] = statefulSet.spec.volumeClaimTemplates;
    expect(state.metadata.name).toBe(`${template.metadata.name}-${statefulSet.metadata.name}-0`);
    expect(state.spec).toEqual(template.spec);
  });
});

function byName(a: Mount, b: Mount): number {
  return a.name.localeCompare(b.name);
}
