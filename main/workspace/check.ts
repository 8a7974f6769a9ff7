import { type ConfigProblem, type ParsedConfig, parseConfig } from '@shared/config/parse.ts';
import { isMap } from 'yaml';
import { locate, placeOf } from './place.ts';
import { syntaxProblems } from './syntax-problems.ts';
import { nodeAt, type YamlSource } from './yaml-source.ts';

/** Characters; a configuration of a thousand servers is a tenth of it. */
export const largestText = 1_048_576;

const smallest =
  'listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }] and pools: [{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]';

/** Reads the configuration out of a document, or tells everything that is wrong with it, in the order of the file. */
export function checkSource(source: YamlSource): ParsedConfig {
  if (source.text.length > largestText)
    return refuse(source, `the file has more than ${largestText} characters; is it a ballast.yaml?`);
  const syntax = syntaxProblems(source);
  if (syntax.length > 0) return { ok: false, problems: syntax };
  const { contents } = source.document;
  if (contents === null || (!isMap(contents) && source.document.toJS() === null))
    return refuse(source, `the file is empty; write at least ${smallest}`);

  let data: unknown;
  try {
    data = dataOf(source);
  } catch (error) {
    return { ok: false, problems: [aliasProblem(source, error)] };
  }
  const parsed = parseConfig(data);
  if (parsed.ok) return parsed;
  const problems = parsed.problems.map((problem) => locate(source, asWritten(source, problem)));
  return { ok: false, problems: problems.sort((a, b) => a.line! - b.line! || a.column! - b.column!) };
}

/** What the document says, as plain data. Throws where aliases go wrong. */
export function dataOf({ document }: YamlSource): unknown {
  return document.toJS({ maxAliasCount: 1_000 });
}

/** `pool: api` of a listener is read as its only route: a problem with that route is one with what is written. */
function asWritten(source: YamlSource, problem: ConfigProblem): ConfigProblem {
  const [list, index, key] = problem.path;
  if (list !== 'listeners' || index === undefined || key !== 'routes') return problem;
  const isWritten = nodeAt(source, [list, index, key]) !== undefined;
  return isWritten ? problem : { ...problem, path: [list, index, 'pool'] };
}

function refuse(source: YamlSource, message: string): ParsedConfig {
  return { ok: false, problems: [{ path: [], message, ...placeOf(source.text, 0) }] };
}

/** Aliases are followed only when the data is read, so these two faults show up there, without a place. */
function aliasProblem(source: YamlSource, error: unknown): ConfigProblem {
  const message = error instanceof Error ? error.message : String(error);
  const name = /^Unresolved alias .*: (\S+)$/.exec(message)?.[1];
  if (message.startsWith('Merge sources'))
    return {
      path: [],
      message:
        '"<<" takes the keys of a mapping that an &anchor named before; write that anchor, or the keys',
      ...placeOf(source.text, Math.max(source.text.indexOf('<<'), 0)),
    };
  if (name === undefined)
    return {
      path: [],
      message: 'too many aliases refer to each other; write the values out',
      ...placeOf(source.text, 0),
    };
  return {
    path: [],
    message: `there is no anchor &${name} before this; write the value itself, or &${name} where it is first written`,
    ...placeOf(source.text, source.text.indexOf(`*${name}`)),
  };
}
