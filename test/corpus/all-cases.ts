import type { Case } from './case.ts';
import { conversations } from './conversations.ts';
import { persistenceCases } from './persistence.ts';
import { requestFields } from './request-fields.ts';
import { requestFraming } from './request-framing.ts';
import { requestSyntax } from './request-syntax.ts';
import { requestTargets } from './request-targets.ts';
import { responses } from './responses.ts';

/** HTTP/1.1 to the letter, rule by rule: what comes in, what is done with it, and exactly what goes out on either side. */
export const allCases: readonly Case[] = [
  ...requestSyntax,
  ...requestTargets,
  ...requestFraming,
  ...requestFields,
  ...persistenceCases,
  ...responses,
  ...conversations,
];

export const titleOf = ({ section, name }: Case): string => `${section}: ${name}`;
