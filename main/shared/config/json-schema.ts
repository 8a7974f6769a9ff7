import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The JSON schema of ballast.yaml as a person writes it, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return {
    $schema,
    $id: 'https://ballast.localhost/ballast.schema.json',
    title: 'ballast.yaml',
    description: 'Listeners, pools and replicas of one Ballast workspace.',
    ...schema,
  };
}
