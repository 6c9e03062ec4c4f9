import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notYours, outdated, proposerGone, selfApproval } from '../../../src/access/proposal.ts';
import { notOpen, type Proposal, unknownProposal } from '../../../src/kernel/acts.ts';
import { makeCredential, makePin } from '../../../src/kernel/credential.ts';
import type { KeywardError } from '../../../src/kernel/errors.ts';
import { PROBLEMS } from '../../../src/server/problem.ts';
import { keyward, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const servers: Server[] = [];
let stub: Awaited<ReturnType<typeof operationsStub>>;
/** What each mistake was answered with, in the order of the tests; it is compared with the page beside this file. */
const told: string[] = [];

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe', cwd: folder.path });
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function certificate(name: string, ...further: string[]): void {
  openssl(
    'req',
    '-x509',
    ...EC,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    ...further,
  );
}

function tlsServer(name: string): Promise<string> {
  const options = { key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) };
  return listening(createHttpsServer(options, (_, response) => response.end('{"scopes":[]}')));
}

/** A file with a credential for that service. */
function credentialFor(origin: string, name = 'operator'): string {
  writeFileSync(at(name), `${makeCredential('ops').text}\norigin ${origin}\n`, { mode: 0o600 });
  return at(name);
}

function fileOf(name: string, text: string): string {
  writeFileSync(at(name), text, { mode: 0o600 });
  return at(name);
}

async function mistake(what: string, argv: readonly string[], environment: object = {}): Promise<void> {
  const { exitCode, out, err } = await keyward(argv, {
    environment: { contextsFile: at('contexts.json'), ...environment },
  });
  const text = err
    .replaceAll(folder.path, 'FOLDER')
    // Where no name server can be asked.
    .replaceAll('EAI_AGAIN', 'ENOTFOUND')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
    .trimEnd();
  told.push(`${what}\n  ${text.replaceAll('\n', '\n  ')}\n  exit code ${exitCode}\n`);
  expect({ what, out, isKnown: /^(?:error|warning): /m.test(err), failed: exitCode > 0 }).toEqual({
    what,
    out: '',
    isKnown: true,
    failed: true,
  });
}

const PROPOSAL = {
  act: 'client.credential',
  subject: 'client:web',
  parameters: {},
  changes: [],
  proposed_by: 'alice',
  proposed_at: NOW - 90_000,
  expires_at: NOW - 3_600,
  approvers: [],
  decided_by: null,
  decided_at: null,
  failure: null,
};

/** A proposal in that state, and what the service says to a decision about it. */
function proposed(id: string, state: string, refusal: KeywardError, decision = 'approve') {
  const { code, message: detail } = refusal;
  return {
    [`GET /proposals/${id}`]: [200, { proposal: { ...PROPOSAL, id, state } }],
    [`POST /proposals/${id}/${decision}`]: [statusOf(code), { code, detail }],
  } as const;
}

function statusOf(code: KeywardError['code']): number {
  return PROBLEMS[code].status;
}

const byAlice = { proposedBy: 'alice' } as Proposal;
const { code: unknownCode, message: unknownDetail } = unknownProposal();

const at127 = (origin: string) => [
  'scope',
  'list',
  '--url',
  origin,
  '--credential-file',
  credentialFor(origin),
];

beforeAll(async () => {
  stub = await operationsStub({
    'GET /scopes/payemnts': [
      404,
      { code: 'unknown_scope', detail: 'there is no scope of this id', request_id: 'r1' },
    ],
    'GET /events?scope=payemnts': [200, { events: [], next: null }],
    'GET /scopes': [200, { scopes: [{ id: 'mail' }, { id: 'payments' }] }],
    'GET /keys': [
      200,
      { keys: ['NzbLsXh8u', 'NzbLsXh8v'].map((kid) => ({ kid: kid.padEnd(43, 'x'), scope: 'payments' })) },
    ],
    ...proposed('expired', 'expired', notOpen('expired')),
    ...proposed('own', 'open', selfApproval()),
    ...proposed('done', 'executed', notOpen('executed')),
    ...proposed('rejected', 'refused', notOpen('refused')),
    ...proposed('outdated', 'open', outdated()),
    ...proposed('left', 'open', proposerGone(byAlice)),
    ...proposed('hers', 'open', notYours(byAlice), 'withdraw'),
    'GET /proposals/nowhere': [404, { code: unknownCode, detail: unknownDetail }],
    'GET /clients': [401, { code: 'credential_invalid', detail: 'this credential is not valid' }],
    'POST /clients': [
      403,
      { code: 'role_missing', detail: 'this takes the role operator; alice has auditor' },
    ],
  });
  certificate('self', '-addext', 'subjectAltName=IP:127.0.0.1');
  certificate('elsewhere', '-addext', 'subjectAltName=DNS:keyward.example');
  certificate('ca');
  certificate('known', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1');
  openssl('req', ...EC, '-subj', '/CN=old', '-keyout', 'old.key', '-out', 'old.csr');
  openssl('x509', '-req', '-in', 'old.csr', '-signkey', 'old.key', '-days', '-1', '-out', 'old.pem');
});
afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await stub.close();
  folder.remove();
});

/** With a context, whose CA file is believed alone. */
async function inContext(name: string, address: string, ca: string): Promise<void> {
  const origin = `https://${address}`;
  const added = ['context', 'add', name, '--url', origin, '--credential-file', credentialFor(origin, name)];
  const { exitCode } = await keyward([...added, '--ca-file', at(`${ca}.pem`)], {
    environment: { contextsFile: at('contexts.json') },
  });
  expect(exitCode).toBe(0);
}

it('typical mistakes are told in the words of who can mend them', async () => {
  const files = ['--url', stub.url, '--credential-file', credentialFor(stub.url)];
  await mistake('an unknown command', ['scpoe', 'list']);
  await mistake('an unknown option', ['scope', 'list', '--jsno']);
  await mistake('an argument too few', ['key', 'suspend', '--reason', 'x']);
  await mistake('a required option left out', ['scope', 'create', 'a', '--issuer', 'https://id.example']);
  await mistake('no such choice', ['event', 'list', '--severity', 'high']);
  await mistake('no moment', ['ledger', 'find', '--from', 'yesterday']);
  await mistake('no number', ['event', 'show', 'first']);
  await mistake('two forms of output', ['scope', 'list', '--json', '-o', 'yaml']);
  await mistake('no credential anywhere', ['scope', 'list']);
  await mistake('a credential file that is not there', ['scope', 'list', '--credential-file', at('nowhere')]);
  await mistake('a client’s credential', [
    'scope',
    'list',
    '--credential-file',
    fileOf('svc', makeCredential('svc').text),
  ]);
  await mistake('a PIN', ['scope', 'list', '--credential-file', fileOf('pin', makePin())]);
  await mistake('a token', [
    'scope',
    'list',
    '--credential-file',
    fileOf('token', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln'),
  ]);
  await mistake('a private key', [
    'scope',
    'list',
    '--credential-file',
    fileOf('key', '-----BEGIN PRIVATE KEY-----'),
  ]);
  await mistake('an empty file', ['scope', 'list', '--credential-file', fileOf('empty', '')]);
  await mistake('a credential without origin', [
    'scope',
    'list',
    '--credential-file',
    fileOf('bare', makeCredential('ops').text),
  ]);
  await mistake('a credential of another service', [
    'scope',
    'list',
    '--url',
    'https://keyward.example',
    '--credential-file',
    at('operator'),
  ]);
  await mistake('no URL', ['scope', 'list', '--url', 'keyward', '--credential-file', at('operator')]);
  await mistake('plain http to elsewhere', [
    'scope',
    'list',
    '--url',
    'http://keyward.example',
    '--credential-file',
    at('operator'),
  ]);
  await mistake('an unknown scope', ['scope', 'show', 'payemnts', ...files]);
  await mistake('a list about an unknown scope', ['event', 'list', '--scope', 'payemnts', ...files]);
  await mistake('a type of event misspelt', ['event', 'list', '--type', 'token.never_isued', ...files]);
  await mistake('a credential that is not valid any more', ['client', 'list', ...files]);
  await mistake('a role that is missing', [
    'client',
    'create',
    'web',
    '--out',
    at('web.credential'),
    ...files,
  ]);
  await mistake('a kid too short', ['key', 'suspend', 'Nzb', '--reason', 'x', ...files]);
  await mistake('a kid of no key', ['key', 'suspend', 'ABCDEFGH', '--reason', 'x', ...files]);
  await mistake('a kid of two keys', ['key', 'suspend', 'NzbLsXh8', '--reason', 'x', ...files]);
  const proposal = (verb: string, id: string) => ['proposal', verb, id, ...files];
  await mistake('an expired proposal approved', proposal('approve', 'expired'));
  await mistake('one’s own proposal approved', proposal('approve', 'own'));
  await mistake('a proposal approved that is executed already', proposal('approve', 'done'));
  await mistake('a proposal approved that was rejected', proposal('approve', 'rejected'));
  await mistake('a proposal approved whose subject has changed since', proposal('approve', 'outdated'));
  await mistake('a proposal approved whose proposer lost the role', proposal('approve', 'left'));
  await mistake('somebody else’s proposal withdrawn', proposal('withdraw', 'hers'));
  await mistake('an unknown proposal approved', proposal('approve', 'nowhere'));
  await mistake('an unknown proposal shown', proposal('show', 'nowhere'));
  const shown = await keyward(proposal('show', 'expired'));
  expect(shown).toMatchObject({ exitCode: 0, err: '', out: expect.stringMatching(/^state +expired$/m) });
  mkdirSync(at('folder'));
  await mistake('a folder for a file', ['plan', '-f', at('folder'), ...files]);
  const gone = await operationsStub({});
  await gone.close();
  await mistake('nobody listens', at127(gone.url));
  await mistake('a name that is not known', at127('https://keyward.invalid'));

  const data = await listening(
    createHttpServer((request, response) => {
      const isDescription = request.url === '/openapi.json';
      response.statusCode = isDescription ? 200 : 404;
      response.end(JSON.stringify(isDescription ? { 'x-keyward-plane': 'data' } : { code: 'not_found' }));
    }),
  );
  await mistake('the data plane', at127(`http://${data}`));
  const other = await listening(createHttpServer((_, response) => response.end('<html>')));
  await mistake('something else than Keyward', at127(`http://${other}`));
  const moved = await listening(
    createHttpServer((_, response) => response.writeHead(301, { location: '/x' }).end()),
  );
  await mistake('a redirect', at127(`http://${moved}`));
  await mistake('https to a port of http', at127(`https://${other}`));
  const self = await tlsServer('self');
  await mistake('http to a port of https', at127(`http://${self}`));
  await mistake('a certificate signed by itself', at127(`https://${self}`));
  await mistake('a certificate of an unknown CA', at127(`https://${await tlsServer('known')}`));

  await mistake('no context of that name', ['scope', 'list', '--context', 'prod']);
  await mistake('a context for another URL than its credential', [
    'context',
    'add',
    'prod',
    '--url',
    'https://keyward.example',
    '--credential-file',
    at('operator'),
  ]);
  const pem = readFileSync(at('self.pem'), 'utf8');
  const garbage = fileOf(
    'bundle.pem',
    `${pem}-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n${pem}`,
  );
  await mistake('a CA file with garbage in the middle', [
    'context',
    'add',
    'b',
    '--url',
    stub.url,
    '--credential-file',
    credentialFor(stub.url),
    '--ca-file',
    garbage,
  ]);
  await inContext('old', await tlsServer('old'), 'old');
  await mistake('a certificate that has expired', ['scope', 'list', '--context', 'old']);
  await inContext('elsewhere', await tlsServer('elsewhere'), 'elsewhere');
  await mistake('a certificate for another name', ['scope', 'list', '--context', 'elsewhere']);
  await mistake('a context and a URL', ['scope', 'list', '--context', 'old', '--url', 'https://a.example']);
  writeFileSync(
    at('gone.json'),
    JSON.stringify({
      current: 'a',
      contexts: [{ name: 'a', url: 'https://a.example', credential_file: at('gone'), ca_file: null }],
    }),
  );
  await mistake('a context whose file is gone', ['scope', 'list'], { contextsFile: at('gone.json') });

  expect(told.length).toBeGreaterThan(40);
  await expect(`${told.join('\n')}`).toMatchFileSnapshot('mistakes.txt');
});

describe('what is said on standard error', () => {
  const inForty = { columns: 40, environment: { noColor: true } } as const;
  const longest = (text: string) =>
    Math.max(
      ...text
        .split('\n')
        .filter((line) => line.trim().includes(' '))
        .map(({ length }) => length),
    );

  it.each([
    ['a refusal', ['key', 'list', '--credential-file', '/nothing-here']],
    ['wrong usage', ['event', 'list', '--from', 'yesterday']],
    ['a verb without an operand', ['event', 'show']],
  ])('fits a narrow terminal: %s', async (_, argv) => {
    const { err } = await keyward(argv, inForty);
    expect(err).toMatch(/^error: /);
    expect(longest(err)).toBeLessThanOrEqual(40);
  });

  it('fits a narrow terminal: a warning', async () => {
    writeFileSync(at('open'), `${makeCredential('ops').text}\norigin http://127.0.0.1:1\n`, { mode: 0o644 });
    const { err } = await keyward(['key', 'list', '--credential-file', at('open')], inForty);
    expect(err).toMatch(/^warning: /);
    expect(longest(err)).toBeLessThanOrEqual(40);
  });

  it('is one line of JSON for programs, however narrow the terminal is', async () => {
    const { err } = await keyward(['key', 'list', '--json', '--credential-file', '/nothing-here'], inForty);
    expect(JSON.parse(err)).toMatchObject({ code: 'usage' });
    expect(err.trimEnd()).not.toContain('\n');
  });
});
