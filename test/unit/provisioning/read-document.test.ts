import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { MAX_DOCUMENT_BYTES, readDocument } from '../../../src/provisioning/yaml.ts';

const GOOD = `
complete: true
scopes:
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    policy: { max_ttl_seconds: 900, root_claim: null }
    contacts: [security@example.com]
  "123": &bare
    issuer: https://login.example.com
    audience: numbers
clients:
  checkout:
    description: Signs for the shop
    grants: { payments: [sign, revoke] }
  idle: {}
`;

/** `line:column message` of everything wrong. */
function problems(text: string): readonly string[] {
  return (readDocument(text).problems ?? []).map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

describe('a provisioning file', () => {
  it('is read as it stands, with nothing put in for what is left out', () => {
    expect(readDocument(GOOD)).toMatchObject({
      document: {
        complete: true,
        scopes: {
          payments: {
            issuer: 'https://login.example.com',
            audience: 'https://payments.example.com',
            policy: { max_ttl_seconds: 900, root_claim: null },
            contacts: ['security@example.com'],
          },
          123: { issuer: 'https://login.example.com', audience: 'numbers' },
        },
        clients: {
          checkout: { description: 'Signs for the shop', grants: { payments: ['sign', 'revoke'] } },
          idle: {},
        },
      },
    });
  });

  it.each(['', '# nothing\n', '{}', 'scopes: {}\nclients: {}'])('may name nothing at all: %j', (text) => {
    expect(readDocument(text)).toMatchObject({ document: { complete: false, scopes: {}, clients: {} } });
  });

  it('may be JSON, which is YAML', () => {
    const json = JSON.stringify({ scopes: { a: { issuer: 'https://a.example', audience: 'b' } } });
    expect(readDocument(json)).toMatchObject({ document: { scopes: { a: { audience: 'b' } } } });
  });

  it('may repeat a part by an alias', () => {
    const text = 'clients:\n  a: &same { grants: { payments: [sign] } }\n  b: *same\n';
    expect(readDocument(text)).toMatchObject({
      document: { clients: { b: { grants: { payments: ['sign'] } } } },
    });
  });

  it('tells where each element stands, also below an alias', () => {
    const read = readDocument(GOOD);
    if (read.problems) throw new Error('it was refused');
    expect(read.locate(['scopes', 'payments', 'policy', 'max_ttl_seconds'])).toEqual({ line: 7, column: 32 });
    expect(read.locate(['scopes', 'payments', 'policy', 'max_ttl_seconds'], 'key')).toEqual({
      line: 7,
      column: 15,
    });
    expect(read.locate(['clients', 'checkout', 'grants', 'payments', 1])).toEqual({ line: 15, column: 32 });
    expect(read.locate(['scopes', 'payments', 'algorithm'])).toEqual({ line: 4, column: 3 });
    expect(read.locate([])).toEqual({ line: 2, column: 1 });
  });
});

describe('a slip of the hand', () => {
  it('is named at its place with what was probably meant, and every other with it', () => {
    const text = `scopes:
  payments:
    isuer: https://login.example.com
    audience: 7
    algorithm: ES265
    polcy:
      max_ttl_second: 900
    policy:
      max_ttl_second: 900
      clock_skew_seconds: 900
clients:
  checkout:
    grants:
      payments: [sing]
      Mail: [sign]
`;
    expect(problems(text)).toEqual([
      '3:5 scopes.payments.isuer is not known; did you mean issuer?',
      '4:15 scopes.payments.audience: use text',
      '5:16 scopes.payments.algorithm: use one of ES256, ES384, RS256, PS256, Ed25519, EdDSA',
      '6:5 scopes.payments.polcy is not known; did you mean policy?',
      '9:7 scopes.payments.policy.max_ttl_second is not known; did you mean max_ttl_seconds?',
      '10:27 scopes.payments.policy.clock_skew_seconds: use a whole number from 0 to 300',
      '14:18 clients.checkout.grants.payments.0: use sign, verify, revoke',
      '15:7 clients.checkout.grants.Mail: use 1 to 63 lower-case letters, digits and inner hyphens',
    ]);
  });

  it.each([
    ['scopes:\n  payments:\n    audience: b\n', '2:3 scopes.payments.issuer is missing'],
    ['scopes:\n  payments:\n', '2:12 scopes.payments: name its issuer and audience'],
    ['scopes: [payments]', '1:9 scopes: use the ids of scopes'],
    ['- payments', '1:1 the file: use scopes and clients'],
    ['realms: {}', '1:1 realms is not known; use complete, scopes, clients'],
    ['complete: yes', '1:11 complete: use true or false'],
    [
      'clients: { a: { grants: { p: [] } } }',
      '1:30 clients.a.grants.p: name at least one of sign, verify, revoke',
    ],
    ['clients: { a: { grants: { p: [sign, sign] } } }', '1:37 clients.a.grants.p.1: name each action once'],
    [
      'clients: { a: { description: "a\\u202eb" } }',
      '1:30 clients.a.description: use up to 256 printable characters',
    ],
    [
      'scopes: { a: { issuer: "http://a.example", audience: b } }',
      '1:24 scopes.a.issuer: use https; http is for loopback alone',
    ],
    [
      'scopes: { a: { issuer: "https://a.example", audience: b, algorithm: ES256, modulus_bits: 2048 } }',
      '1:90 scopes.a.modulus_bits: give it for RS256 and PS256, and for no other algorithm',
    ],
    [
      'scopes: { a: { issuer: "https://a.example", audience: b, contacts: [c@d.e, f] } }',
      '1:76 scopes.a.contacts.1: use an e-mail address such as security@example.com',
    ],
  ])('in %j is refused', (text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });
});

describe('what YAML allows and a provisioning file does not', () => {
  it.each([
    ['scopes: {}\nscopes: {}', '2:1 scopes stands twice'],
    ['clients: { a: {}, "a": {} }', '1:19 a stands twice'],
    ['scopes: {}\n---\nscopes: {}', '2:1 keep it to one document'],
    ['%YAML 1.1\n---\nscopes: {}', '1:1 leave out the %YAML directive: this is YAML 1.2'],
    ['complete: !!bool true', '1:18 leave out the tag'],
    ['__proto__: {}', '1:1 nothing may be called __proto__'],
    ['scopes: *gone', '1:9 nothing before it is anchored as &gone'],
    [`clients: &a {}\nscopes: [${'*a, '.repeat(101)}]`, '2:410 use at most 100 aliases'],
    ['? [a]\n: b', '1:3 With stringKeys, all keys must be strings'],
    [
      'scopes: &a { x: *a }',
      '1:14 scopes.x.x is not known; use issuer, audience, algorithm, modulus_bits, hsm_token, standby_token, policy, contacts',
    ],
  ])('%j', (text, expected) => {
    expect(problems(text)[0]).toBe(expected);
  });

  it('is bounded in size and in depth', () => {
    const bare = 'scopes: {}\n#';
    expect(problems(bare + ' '.repeat(MAX_DOCUMENT_BYTES - bare.length))).toEqual([]);
    expect(problems(bare + ' '.repeat(MAX_DOCUMENT_BYTES - bare.length + 1))).toEqual([
      '1:1 the file is larger than 1 MiB',
    ]);
    expect(problems('['.repeat(100_000))).toEqual([expect.stringMatching(/^1:\d+ it nests too deep$/)]);
  });

  it('says no more than twenty things, also of a hundred thousand', () => {
    const text = Array.from({ length: 100_000 }, (_, at) => `k${at}: 1`).join('\n');
    expect(problems(text)).toEqual(
      Array.from({ length: 20 }, (_, at) => `${at + 1}:1 k${at} is not known; use complete, scopes, clients`),
    );
  });
});

describe('whatever the text', () => {
  const answersOrReads = (text: string) => {
    const read = readDocument(text);
    const lines = text.split('\n').length;
    for (const { line, column, message } of read.problems ?? []) {
      expect([line >= 1, line <= lines, column >= 1, message.length > 0]).toEqual([true, true, true, true]);
    }
    expect((read.problems ?? []).length).toBeLessThanOrEqual(20);
  };

  it('it is read or refused with places in it, never thrown at', () => {
    const yamlish = fc.array(
      fc.constantFrom(
        ...[
          'scopes',
          'clients',
          'payments',
          'issuer',
          'policy',
          ':',
          ': ',
          '\n',
          '  ',
          '    ',
          '- ',
          '{',
          '}',
        ],
        ...[
          '[',
          ']',
          '&a ',
          '*a',
          '"',
          "'",
          '|',
          '>',
          '#',
          '!',
          '%',
          '? ',
          ',',
          '\t',
          '\0',
          '\ud800',
          '<<',
          '~',
        ],
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          yamlish.map((parts) => parts.join('')),
        ),
        answersOrReads,
      ),
    );
  });

  it('also where it is YAML of any values', () => {
    const anything = fc.anything({ maxDepth: 6, withDate: false, withBigInt: false });
    const inside = anything.map((value) => ({ scopes: { payments: value }, clients: value }));
    fc.assert(fc.property(fc.oneof(anything, inside), (value) => answersOrReads(stringify(value) ?? '')));
  });
});

it('the example is one that can be read', () => {
  const example = new URL('../../../examples/scopes.yaml', import.meta.url);
  const read = readDocument(readFileSync(example, 'utf8'));
  expect(read.problems).toBeUndefined();
});
