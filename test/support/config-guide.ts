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
  const objects = objectsIn(schema);
  const by = discriminatorOf(objects);
  for (const each of objects) {
    if (by === undefined) describe(title, each, sections);
    else if (hasOptions(each))
      describe(`${title} (${by}: ${String(each.properties![by]!.const)})`, each, sections);
  }
}

/** The mappings that a value may be, in choices within choices too. */
function objectsIn(schema: Schema): Schema[] {
  const own = schema.properties ? [schema] : [];
  return [...own, ...[...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap(objectsIn)];
}

/** The key by whose word several mappings are told apart: `type`, `kind`, whatever it is called. */
function discriminatorOf(objects: readonly Schema[]): string | undefined {
  const [first] = objects;
  if (first === undefined || objects.length === 1) return undefined;
  return Object.keys(first.properties!).find((key) =>
    objects.every(({ properties }) => properties?.[key]?.const !== undefined),
  );
}

/** More than the word that tells it from others. */
function hasOptions({ properties = {} }: Schema): boolean {
  return Object.keys(properties).length > 1;
}

function takes(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.items) return `list of ${takes(schema.items)}`;
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) {
    const objects = objectsIn(schema);
    const by = discriminatorOf(objects);
    if (by === undefined) return [...new Set(variants.map(takes))].join(' or ');
    // What a word says as well needs no mapping.
    const words = variants.flatMap((variant) => variant.enum ?? []);
    const mappings = objects.filter((each) => hasOptions(each) || words.length === 0);
    const told = mappings.map(({ properties }) => `\`${by}: ${String(properties![by]!.const)}\``).join(', ');
    return words.length === 0 ? told : `${words.map(code).join(', ')}; with options ${told}`;
  }
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'object') return 'mapping';
  return schema.type === 'boolean' ? '`true`, `false`' : 'text';
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}
