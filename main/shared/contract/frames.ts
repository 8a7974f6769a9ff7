import { z } from 'zod';
import { contractErrorSchema } from './errors.ts';

export const protocolVersion = 1;

/** What a caller may hold. `save-file` and `open-file`: the shell has dialogs for it. */
export const capabilities = ['read', 'operate', 'edit', 'own', 'save-file', 'open-file'] as const;
export type Capability = (typeof capabilities)[number];

const id = z.int().min(0);
const topic = z.string().max(100);

/** Frames from the caller: first `hello`, then the others in any order. Anything else closes that channel, and only that. */
export const clientFrameSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), protocol: z.int(), token: z.string().max(200).optional() }),
  z.strictObject({ type: z.literal('command'), id, name: z.string().max(100), params: z.unknown() }),
  /** `since`: a log's cursor, to go on from; the newest entries when left out. */
  z.strictObject({ type: z.literal('subscribe'), id, topic, since: z.number().optional() }),
  z.strictObject({ type: z.literal('unsubscribe'), topic }),
  /** The last sample has been dealt with: the next may come. */
  z.strictObject({ type: z.literal('ack'), topic, sequence: z.number() }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;

export const serverFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    protocol: z.int(),
    version: z.string(),
    capabilities: z.array(z.enum(capabilities)),
  }),
  z.object({ type: z.literal('result'), id, value: z.unknown() }),
  z.object({ type: z.literal('refusal'), id, error: contractErrorSchema }),
  z.object({
    type: z.literal('snapshot'),
    topic,
    revision: z.number(),
    entries: z.array(z.tuple([z.string(), z.unknown()])),
  }),
  z.object({
    type: z.literal('change'),
    topic,
    revision: z.number(),
    set: z.array(z.tuple([z.string(), z.unknown()])),
    remove: z.array(z.string()),
  }),
  z.object({ type: z.literal('sample'), topic, sequence: z.number(), value: z.unknown() }),
  z.object({
    type: z.literal('log'),
    topic,
    cursor: z.number(),
    entries: z.array(z.unknown()),
    dropped: z.number(),
  }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;
