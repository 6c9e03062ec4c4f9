import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { provisioned } from '../../../scripts/dev/provision.ts';
import { commandLines } from '../../support/command-lines.ts';
import { pages, ROOT } from '../../support/pages.ts';

interface Row {
  readonly page: string;
  readonly scopes: readonly string[];
  readonly clients: readonly string[];
  readonly ports: readonly string[];
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const names = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The one place in which they are set. */
const rows = read('examples/README.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| page'))
  .map((line): Row => {
    const [, page = '', scopes, clients, ports = ''] = line.split(/ *\| */);
    return { page, scopes: names(scopes), clients: names(clients), ports: ports.match(/\d+/g) ?? [] };
  });
const rowOf = (page: string): Row => {
  const row = rows.find((each) => each.page.includes(page));
  if (!row) throw new Error(`examples/README.md has no row for ${page}`);
  return row;
};

/** What the commands of a page make, for which a service has one name. */
function madeBy(path: string): { scopes: readonly string[]; clients: readonly string[] } {
  const lines = commandLines({ path, text: read(path) }).filter(({ isInline }) => !isInline);
  const made = (noun: string) =>
    lines.filter(({ argv }) => argv[0] === noun && argv[1] === 'create').map(({ argv: [, , id = ''] }) => id);
  return { scopes: made('scope'), clients: made('client') };
}

describe('names and ports of the examples', () => {
  it.each(['scopes', 'clients', 'ports'] as const)('%s are disjoint', (kind) => {
    const all = rows.flatMap((row) => row[kind]);
    expect(all.length).toBeGreaterThan(4);
    expect(all.filter((name, at) => all.indexOf(name) < at)).toEqual([]);
  });

  it.each(['express', 'node-http', 'oidc-provider'])('are those that examples/%s has', (example) => {
    const row = rowOf(`[${example}]`);
    expect(madeBy(`examples/${example}/README.md`)).toEqual({ scopes: row.scopes, clients: row.clients });
    const config = JSON.parse(read(`examples/${example}/config.example.json`));
    const scopes = config.scope ? [config.scope] : [config.id_tokens.scope, config.access_tokens.scope];
    const port = config.port ?? new URL(config.issuer).port;
    expect([scopes, [String(port)]]).toEqual([row.scopes, row.ports]);
    const local = read(`examples/${example}/README.md`).matchAll(/127\.0\.0\.1:(\d+)/g);
    const known = [...row.ports, ...rowOf('./scripts/start').ports];
    expect([...local].map(([, shown = '']) => shown).filter((shown) => !known.includes(shown))).toEqual([]);
  });

  it('are those that README.md has, but for what it shows of another service', () => {
    const { scopes, clients } = rowOf('[README.md]');
    const made = madeBy('README.md');
    expect([made.scopes, made.clients]).toEqual([scopes, [...clients, 'web']]);
  });

  it('are those that examples/scopes.yaml has', () => {
    const { scopes, clients } = parse(read('examples/scopes.yaml'));
    const row = rowOf('[scopes.yaml]');
    expect([Object.keys(scopes), Object.keys(clients)]).toEqual([row.scopes, row.clients]);
  });

  it('are those that ./scripts/start makes', () => {
    const { scopes, clients } = rowOf('./scripts/start');
    expect(provisioned()).toEqual({ scopes, clients });
  });

  it('are made by no other page that is for the same service', () => {
    const others = [
      'docs/api.md',
      ...pages()
        .map(({ path }) => path)
        .filter((path) => path.startsWith('docs/runbooks/')),
    ];
    expect(others.map(madeBy).filter(({ scopes, clients }) => scopes.length + clients.length > 0)).toEqual(
      [],
    );
  });
});
