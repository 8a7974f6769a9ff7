import { configJsonSchema } from '@shared/config/json-schema.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

const introduction = `# ballast.yaml, key by key

One file, made to be committed. Durations are text with a unit: \`250ms\`, \`2s\`, \`1.5m\`, \`1h\`. Addresses are \`host:port\`, IPv6 in
brackets. \`ballast check FILE\` says what is wrong, with line, column and what to write instead. Examples stand in
[resources/examples](../../resources/examples/). This page is written from the schema (\`main/shared/config/schema.ts\`).
`;

/** The page docs/guide/ballast-yaml.md: one table per part of the file, made from the JSON schema. */
export function configGuide(): string {
  const sections: string[] = [];
  describe('Top level', configJsonSchema() as Schema, sections);
  return `${introduction}\n${sections.join('\n')}`;
}

function describe(title: string, schema: Schema, sections: string[]): void {
  const own = sections.length;
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties ?? {}).map(([key, each]) => {
    const inner = title === 'Top level' ? key : `${title}.${key}`;
    nested(inner, each, sections);
    const fallback = required.has(key)
      ? '**required**'
      : each.default === undefined
        ? ''
        : code(each.default);
    return `| \`${key}\` | ${takes(each)} | ${fallback} | ${each.description ?? ''} |`;
  });
  const table = `## ${title === 'Top level' ? title : `\`${title}\``}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  sections.splice(own, 0, table);
}

/** Sections for the objects inside: of a list, of the variants of a choice. */
function nested(title: string, schema: Schema, sections: string[]): void {
  if (schema.items) nested(`${title}[]`, schema.items, sections);
  if (schema.properties) describe(title, schema, sections);
  for (const variant of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    const type = variant.properties?.type?.const;
    if (type !== undefined && Object.keys(variant.properties ?? {}).length > 1) {
      describe(`${title} (type: ${String(type)})`, variant, sections);
    } else if (type === undefined && Object.keys(variant.properties ?? {}).length > 1) {
      describe(title, variant, sections);
    }
  }
}

function takes(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.items) return `list of ${takes(schema.items)}`;
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) {
    const types = variants.flatMap(({ properties }) => properties?.type?.const ?? []);
    if (types.length > 0) return types.map((type) => `\`type: ${String(type)}\``).join(', ');
    return [...new Set(variants.map(takes))].join(' or ');
  }
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'object') {
    const keys = Object.entries(schema.properties ?? {});
    const [first] = keys;
    return keys.length === 1 && first?.[0] === 'kind' ? '`{ kind: … }`' : 'mapping';
  }
  return schema.type === 'boolean' ? '`true`, `false`' : 'text';
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
