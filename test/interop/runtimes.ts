import { spawnSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { program } from './programs.ts';

/** How to run a program of the page; `missing` names what is not on this machine. */
export interface Runtime {
  readonly name: string;
  readonly missing: string | undefined;
  /** Puts the program into the folder and answers the command to which its arguments are added. */
  prepare(folder: string): readonly string[];
}

/** No test fetches modules. */
export const GO_OFFLINE = {
  ...process.env,
  GOPROXY: 'off',
  GOFLAGS: '-mod=mod',
  GOSUMDB: 'off',
  GOTOOLCHAIN: 'local',
};

export const succeeds = (command: string, args: readonly string[], cwd?: string) =>
  spawnSync(command, args, {
    stdio: 'ignore',
    env: GO_OFFLINE,
    timeout: 240_000,
    ...(cwd === undefined ? {} : { cwd }),
  }).status === 0;

const put = (folder: string, name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** Debian's python3 too where another comes first on PATH: only that one has Debian's packages. */
function python(name: string, file: string, modules: string, packages: string): Runtime {
  const found = ['python3', '/usr/bin/python3'].find((each) => succeeds(each, ['-c', `import ${modules}`]));
  return {
    name,
    missing: found ? undefined : packages,
    prepare: (folder) => [found ?? 'python3', put(folder, file, program(file))],
  };
}

const GO_MODULES = `module verify

go 1.25.0

require (
	github.com/MicahParks/keyfunc/v3 v3.9.1
	github.com/golang-jwt/jwt/v5 v5.3.1
	golang.org/x/time v0.15.0
)
`;

function go(folder: string): Runtime {
  put(folder, 'go.mod', GO_MODULES);
  put(folder, 'main.go', program('main.go'));
  const binary = join(folder, 'verify');
  const hasGo = succeeds('go', ['version']);
  const built = hasGo && succeeds('go', ['build', '-o', binary, '.'], folder);
  const missing = hasGo ? 'golang-jwt and keyfunc in the module cache' : 'go';
  return { name: 'Go', missing: built ? undefined : missing, prepare: () => [binary] };
}

function java(): Runtime {
  const [jar] = globSync(join(homedir(), '.m2/repository/com/nimbusds/nimbus-jose-jwt/*/*.jar'));
  const hasJava = succeeds('java', ['-version']);
  return {
    name: 'Java with Nimbus',
    missing: hasJava ? (jar === undefined ? 'nimbus-jose-jwt in ~/.m2' : undefined) : 'java',
    prepare: (folder) => ['java', '-cp', jar ?? '', put(folder, 'Verify.java', program('Verify.java'))],
  };
}

/** With what Spring's decoder needs at run time, in any version that Maven fetched. */
const SPRING = [
  ...[
    'org/springframework/security/spring-security-core',
    'org/springframework/security/spring-security-oauth2-core',
  ],
  ...['org/springframework/security/spring-security-oauth2-jose', 'org/springframework/spring-core'],
  ...[
    'org/springframework/spring-context',
    'org/springframework/spring-jcl',
    'org/springframework/spring-web',
  ],
  ...[
    'org/springframework/spring-beans',
    'io/micrometer/micrometer-observation',
    'io/micrometer/micrometer-commons',
  ],
  'com/nimbusds/nimbus-jose-jwt',
];

function spring(): Runtime {
  const jars = SPRING.map((name) => globSync(join(homedir(), '.m2/repository', name, '*/*.jar'))[0]);
  const hasJava = succeeds('java', ['-version']);
  return {
    name: 'Java with Spring Security',
    missing: hasJava
      ? jars.includes(undefined)
        ? 'spring-security-oauth2-jose in ~/.m2'
        : undefined
      : 'java',
    prepare: (folder) => [
      ...['java', '-cp', jars.join(':')],
      put(folder, 'VerifySpring.java', program('VerifySpring.java')),
    ],
  };
}

export const runtimes = (goFolder: string): readonly Runtime[] => [
  python('PyJWT', 'verify_pyjwt.py', 'jwt, cryptography', 'python3-jwt and python3-cryptography'),
  python('Authlib', 'verify_authlib.py', 'authlib.jose', 'python3-authlib'),
  go(goFolder),
  java(),
  spring(),
];

export const envoy = (): string | undefined => (succeeds('envoy', ['--version']) ? undefined : 'envoy');
