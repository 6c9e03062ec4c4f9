import { hash } from 'node:crypto';
import { html, type Markup } from '../../src/lib/html.ts';
import type {
  ApiDocument,
  Body,
  Example,
  MediaType,
  Operation,
  Parameter,
  SecurityScheme,
} from './document.ts';
import { contentOf, joined, prose, schemaId, typeOf } from './schema-markup.ts';

const STYLE = html`
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
  h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
  h3 { margin-top: 2.5rem; border-top: 1px solid; padding-top: 1rem; }
  code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
  pre { overflow-x: auto; border: 1px solid; padding: .75rem; }
  table { border-collapse: collapse; width: 100%; }
  caption { text-align: left; font-weight: 600; margin-top: 1rem; }
  th, td { border: 1px solid; padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
  .skip { position: absolute; left: -100rem; }
  .skip:focus { position: static; }
`;
const POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE.toString(), 'base64')}'; base-uri 'none'; form-action 'none'`;

/** A link to the page of another plane. */
export interface OtherPage {
  readonly name: string;
  readonly file: string;
}

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The API of a plane as a page that needs nothing else and runs nothing. */
export function apiPage(document: ApiDocument, others: readonly OtherPage[] = []): string {
  const { title } = document.info;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const { schemas = {}, securitySchemes = {}, examples = {} } = document.components ?? {};
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header>
<h1>${title}</h1>
<p>${prose(document.info.description)}</p>
${others.map(({ name, file }) => html`<p><a href="${file}">API of the ${name} plane</a></p>`)}
</header>
<nav aria-label="Contents">
<h2>Contents</h2>
<ul>
${operations.map(({ operation, method, path }) => html`<li><a href="#${operationId(operation)}"><code>${method} ${path}</code></a>: ${prose(operation.summary)}</li>`)}
</ul>
<p><a href="#credentials">Credentials</a> · <a href="#problems">Problems</a> · <a href="#schemas">Schemas</a></p>
</nav>
<main id="content">
<h2>Operations</h2>
${operations.map(operationSection)}
<h2 id="credentials">Credentials</h2>
<dl>
${Object.entries(securitySchemes).map(([name, scheme]) => credential(name, scheme))}
</dl>
<h2 id="problems">Problems</h2>
${Object.keys(examples).length > 0 ? problemTable(examples) : ''}
<h2 id="schemas">Schemas</h2>
${Object.entries(schemas).map(
  ([name, schema]) => html`<section aria-labelledby="${schemaId(name)}">
<h3 id="${schemaId(name)}">${name}</h3>
<p>${typeOf(schema)}${schema.description ? html`. ${prose(schema.description)}` : ''}</p>
${contentOf(schema) ?? ''}
${[schema.example, ...(schema.examples ?? [])].filter((each) => each !== undefined).map(example)}
</section>`,
)}
</main>
</body>
</html>
`.toString();
}

const operationId = ({ operationId }: Operation) => `operation-${operationId}`;

function operationSection({ operation, method, path }: Placed): Markup {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  return html`<section aria-labelledby="${operationId(operation)}">
<h3 id="${operationId(operation)}"><code>${method} ${path}</code></h3>
<p>${prose(summary)}</p>
${description ? html`<p>${prose(description)}</p>` : ''}
<p>Operation: <code>${operation.operationId}</code>. Credential: ${credentialsOf(operation)}.</p>
${parameters.length > 0 ? parameterTable(parameters) : ''}
${
  requestBody
    ? html`<h4>Request body${requestBody.required ? '' : ' (optional)'}</h4>
<p>${prose(requestBody.description)}</p>
${contents(requestBody)}`
    : ''
}
<table>
<caption>Responses</caption>
<thead><tr><th scope="col">status</th><th scope="col">meaning</th><th scope="col">body</th></tr></thead>
<tbody>
${Object.entries(responses).map(([status, body]) => html`<tr><th scope="row">${status}</th><td>${prose(body.description)}</td><td>${contents(body)}</td></tr>`)}
</tbody>
</table>
</section>`;
}

function credentialsOf({ security = [] }: Operation): Markup {
  if (security.length === 0) return html`none`;
  const ways = security.map((each) => {
    const names = Object.keys(each);
    return names.length === 0
      ? html`none`
      : joined(
          names.map((name) => html`<code>${name}</code>`),
          ' and ',
        );
  });
  return html`<a href="#credentials">${joined(ways, ' or ')}</a>`;
}

function parameterTable(parameters: readonly Parameter[]): Markup {
  return html`<table>
<caption>Parameters</caption>
<thead><tr><th scope="col">name</th><th scope="col">in</th><th scope="col">type</th><th scope="col">meaning</th></tr></thead>
<tbody>
${parameters.map((each) => html`<tr><th scope="row"><code>${each.name}</code></th><td>${each.in}</td><td>${typeOf(each.schema)}, ${each.required ? 'required' : 'optional'}</td><td>${prose(each.description)}</td></tr>`)}
</tbody>
</table>`;
}

function contents({ content = {} }: Body): Markup {
  return html`${Object.entries(content).map(([media, of]) => html`<div><code>${media}</code>: ${typeOf(of.schema)} ${contentOf(of.schema) ?? ''}${exampleOf(of)}</div>`)}`;
}

/** Examples that many bodies share stand in a table of their own. */
function exampleOf({ example: value, examples }: MediaType): Markup {
  if (examples) return html` (<a href="#problems">examples</a>)`;
  return value === undefined ? html`` : code(value);
}

function problemTable(examples: Readonly<Record<string, Example>>): Markup {
  return html`<table>
<thead><tr><th scope="col">code</th><th scope="col">title</th><th scope="col">example</th></tr></thead>
<tbody>
${Object.entries(examples).map(([name, { summary, value }]) => html`<tr><th scope="row"><code>${name}</code></th><td>${prose(summary)}</td><td>${code(value)}</td></tr>`)}
</tbody>
</table>`;
}

function credential(name: string, { scheme = '', bearerFormat, description }: SecurityScheme): Markup {
  const format = bearerFormat ? html`, of the form <code>${bearerFormat}</code>` : '';
  return html`<dt><code>${name}</code></dt><dd>HTTP authentication scheme <code>${scheme}</code>${format}. ${prose(description)}</dd>`;
}

function example(value: unknown): Markup {
  return html`<h4>Example</h4>${code(value)}`;
}

function code(value: unknown): Markup {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return html`<pre tabindex="0"><code>${lines(text)}</code></pre>`;
}

/** A line feed within inserted text is not kept: it is no printable character. */
function lines(text: string): readonly Markup[] {
  return text.split('\n').map((line) => html`${line}`);
}
