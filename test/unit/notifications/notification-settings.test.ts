import { describe, expect, it } from 'vitest';
import { notificationSection, notificationSettings } from '../../../src/notifications/settings.ts';

const HOOK = { type: 'webhook', url: 'https://hooks.example/x', secret_file: 's' };
const MAIL = { type: 'email', host: 'smtp.example', from: 'kw@example.com', to: ['a@example.com'] };
const settings = (section: object) =>
  notificationSettings(notificationSection.parse(section), (path) => `/etc/keyward/${path}`);

const problem = (section: object) => {
  const { error } = notificationSection.safeParse(section);
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
};

describe('the section of the configuration', () => {
  it('tells nobody anything where it is left out', () => {
    expect(settings({})).toEqual({
      targets: {},
      routes: [],
      contacts: null,
      runbooks_url: 'docs/runbooks',
      attempts: 10,
      deadline_ms: 10_000,
      heartbeat_seconds: 86_400,
    });
  });

  it('sends warnings and above to every target, and contacts by the first e-mail target, unless it says otherwise', () => {
    const both = settings({ targets: { hook: HOOK, team: MAIL } });
    expect(both.routes).toEqual([
      {
        name: 'default',
        targets: ['hook', 'team'],
        severities: ['warning', 'critical'],
        acknowledge_within_seconds: 900,
      },
    ]);
    expect(both.contacts).toEqual({ target: 'team', severities: ['warning', 'critical'] });
    const routes = [{ name: 'r', targets: ['hook'], severities: ['info'] }];
    expect(settings({ targets: { hook: HOOK }, routes })).toMatchObject({
      routes: [{ name: 'r', severities: ['info'] }],
      contacts: null,
    });
  });

  it.each([
    ['e-mail', ['team'], undefined, 900],
    ['a log and a webhook', ['siem', 'hook'], undefined, 900],
    ['logs alone', ['siem', 'log'], undefined, null],
    ['a log that somebody follows', ['siem'], 60, 60],
    ['a webhook that nobody reads', ['hook'], null, null],
  ])(
    'waits for somebody to acknowledge where people are reached, unless it says otherwise: %s',
    (_to, names, given, is) => {
      const siem = { type: 'syslog', host: 'h' };
      const targets = { hook: HOOK, team: MAIL, siem, log: { type: 'file', file: 'f' } };
      const routes = [{ name: 'r', targets: names, acknowledge_within_seconds: given }];
      expect(settings({ targets, routes }).routes).toMatchObject([{ acknowledge_within_seconds: is }]);
    },
  );

  it('carries named types at every severity, unless the route says which', () => {
    const routes = [
      { name: 'all', targets: ['hook'], types: ['proposal.waiting', 'key.*'] },
      { name: 'some', targets: ['hook'], types: ['key.*'], min_severity: 'critical' },
    ];
    expect(settings({ targets: { hook: HOOK }, routes }).routes).toMatchObject([
      { types: ['proposal.waiting', 'key.*'], severities: ['info', 'warning', 'critical'] },
      { types: ['key.*'], severities: ['critical'] },
    ]);
  });

  it.each([
    ['proposal.wating', '; did you mean proposal.waiting?'],
    ['keys.*', '; did you mean key.*?'],
    ['key', '; did you mean key.*?'],
    ['*', '; docs/events.md lists them'],
    ['.*', '; docs/events.md lists them'],
    ['key*', '; did you mean key.*?'],
  ])('knows no type %s', (type, advice) => {
    const routes = [{ name: 'r', targets: ['hook'], types: ['key.*', type] }];
    expect(problem({ targets: { hook: HOOK }, routes })).toEqual([
      `routes.0.types.1: there is no such type of event${advice}`,
    ]);
  });

  it('has absolute paths', () => {
    const { targets } = settings({
      targets: {
        hook: { ...HOOK, tls: { ca_file: 'ca' } },
        team: { ...MAIL, user: 'u', password_file: 'p' },
        siem: { type: 'syslog', host: 'h', tls: { ca_file: 'ca' } },
        log: { type: 'file', file: 'f' },
      },
    });
    expect(targets).toMatchObject({
      hook: { secret_file: '/etc/keyward/s', tls: { ca_file: '/etc/keyward/ca' } },
      team: { password_file: '/etc/keyward/p', port: 587, tls: { mode: 'starttls' } },
      siem: { port: 601, tls: { ca_file: '/etc/keyward/ca' } },
      log: { file: '/etc/keyward/f' },
    });
  });

  it.each([
    [
      'plain HTTP',
      { ...HOOK, url: 'http://hooks.example/x' },
      'url: use https://; http:// only with allow_private',
    ],
    [
      'a password in the URL',
      { ...HOOK, url: 'https://me:secret@hooks.example/x' },
      'url: leave out user and password: the signature says who sends',
    ],
    ['another protocol', { ...HOOK, url: 'ftp://hooks.example/x' }, 'url: use an https:// URL'],
    ['a secret in the text', { ...HOOK, secret: 'whsec_x' }, ': Unrecognized key: "secret"'],
    ['a user without password', { ...MAIL, user: 'u' }, 'user: give both user and password_file, or neither'],
    [
      'a password without TLS',
      { ...MAIL, user: 'u', password_file: 'p', tls: { mode: 'off' } },
      'tls.mode: a password is not sent without TLS',
    ],
    [
      'no address',
      { ...MAIL, to: ['a@b\nBcc: c@d'] },
      'to.0: use an e-mail address such as security@example.com',
    ],
  ])('refuses a target with %s', (_what, target, message) => {
    expect(problem({ targets: { x: target } })[0]).toBe(
      `targets.x${message.startsWith(':') ? '' : '.'}${message}`,
    );
  });

  it('takes plain HTTP where the target may be on the own network', () => {
    const target = { ...HOOK, url: 'http://localhost:8080/x', allow_private: true };
    expect(problem({ targets: { x: target } })).toEqual([]);
  });

  it.each([
    [[{ name: 'r', targets: ['gone'] }], 'routes.0.targets: there is no target gone'],
    [
      [
        { name: 'r', targets: ['hook'] },
        { name: 'r', targets: ['hook'] },
      ],
      'routes.1.name: name each route once, and none `contacts`',
    ],
    [[{ name: 'contacts', targets: ['hook'] }], 'routes.0.name: name each route once, and none `contacts`'],
    [
      [{ name: 'r', targets: ['hook'], severities: ['info'], min_severity: 'info' }],
      'routes.0: give severities or min_severity, not both',
    ],
  ])('refuses a route that cannot be: %j', (routes, message) => {
    expect(problem({ targets: { hook: HOOK }, routes })).toEqual([message]);
  });

  it('refuses contacts by what is no e-mail target', () => {
    expect(problem({ targets: { hook: HOOK }, contacts: { target: 'hook' } })).toEqual([
      'contacts.target: name a target of type email',
    ]);
  });
});
