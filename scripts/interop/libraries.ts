import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../tools/interop/', import.meta.url));

/** A program that tries one library; `missing` names what is not on this machine. */
export interface Library {
  readonly name: string;
  readonly missing: string | undefined;
  readonly command: readonly string[];
}

function succeeds(command: string, args: readonly string[], environment = {}, cwd = FOLDER): boolean {
  const env = { ...process.env, ...environment };
  return spawnSync(command, args, { cwd, env, stdio: 'ignore', timeout: 600_000 }).status === 0;
}

function node(name: string): Library {
  const found = existsSync(join(FOLDER, 'node_modules'));
  return {
    name,
    missing: found ? undefined : 'tools/interop/node_modules (npm ci --prefix tools/interop)',
    command: [process.execPath, join(FOLDER, 'node', `${name}.js`)],
  };
}

function python(name: string, module: string): Library {
  const interpreter = ['python3', '/usr/bin/python3'].find((each) =>
    succeeds(each, ['-c', `import ${module}`]),
  );
  return {
    name,
    missing: interpreter ? undefined : `the Python module ${module}`,
    command: [interpreter ?? 'python3', join(FOLDER, 'python', `try_${name.toLowerCase()}.py`)],
  };
}

const REPOSITORY = join(homedir(), '.m2/repository');

/** Every jar that Maven fetched, one version of each. */
function classPath(): readonly string[] {
  const byArtifact = Map.groupBy(globSync(join(REPOSITORY, '**/*.jar')), (jar) => join(jar, '../..'));
  return [...byArtifact.values()].flatMap((versions) => versions.sort().at(-1) ?? []);
}

function java(name: string, file: string, artifact: string, folder: string): Library {
  const jars = classPath();
  const found = jars.some((jar) => jar.startsWith(join(REPOSITORY, artifact)));
  const hasJava = succeeds('javac', ['-version']);
  const sources = ['Library', file].map((each) => join(FOLDER, 'java', `${each}.java`));
  const path = [folder, ...jars].join(':');
  const built = hasJava && found && succeeds('javac', ['-cp', path, '-d', folder, ...sources]);
  const missing = hasJava ? 'what tools/interop/java/pom.xml names, in ~/.m2' : 'javac';
  return { name, missing: built ? undefined : missing, command: ['java', '-cp', path, file] };
}

/** No module is fetched. */
const GO_OFFLINE = { GOPROXY: 'off', GOFLAGS: '-mod=mod', GOSUMDB: 'off', GOTOOLCHAIN: 'local' };

function go(folder: string): readonly Library[] {
  const binary = join(folder, 'try');
  const hasGo = succeeds('go', ['version']);
  const built = hasGo && succeeds('go', ['build', '-o', binary, '.'], GO_OFFLINE, join(FOLDER, 'go'));
  const missing = hasGo ? 'the modules of tools/interop/go in the module cache' : 'go';
  return ['golang-jwt', 'go-oidc', 'go-jose'].map((name) => ({
    name,
    missing: built ? undefined : missing,
    command: [binary, name],
  }));
}

function rust(): Library {
  const source = join(FOLDER, 'rust');
  const hasCargo = succeeds('cargo', ['--version']);
  const built = hasCargo && succeeds('cargo', ['build', '--offline', '--locked', '--quiet'], {}, source);
  const missing = hasCargo ? 'the crates of tools/interop/rust in cargo’s cache' : 'cargo';
  return {
    name: 'Rust jsonwebtoken',
    missing: built ? undefined : missing,
    command: [join(source, 'target/debug/interop')],
  };
}

/** In the order of the table. `folder` is for what is built. */
export function libraries(folder: string): readonly Library[] {
  return [
    ...['jose', 'jsonwebtoken', 'fast-jwt', 'openid-client', 'oauth4webapi'].map(node),
    python('PyJWT', 'jwt, cryptography'),
    python('Authlib', 'authlib.jose, requests'),
    python('joserfc', 'joserfc'),
    ...go(folder),
    java('Nimbus', 'TryNimbus', 'com/nimbusds/oauth2-oidc-sdk', folder),
    java(
      'Spring Security',
      'TrySpring',
      'org/springframework/security/spring-security-oauth2-resource-server',
      folder,
    ),
    java('jose4j', 'TryJose4j', 'org/bitbucket/b_c/jose4j', folder),
    rust(),
  ];
}
