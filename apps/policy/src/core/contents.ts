import type { ApplicationSpec, Content, Fault, RevisionRecord } from '@tutti/model';

/** What is in a config or a secret, by the name that a spec has for it. */
export type NamedContent = Omit<Content, 'data'>;

const idOf = ({ kind, name, digest }: NamedContent): string => `${kind} ${name} ${digest}`;

/** Everything that a spec names. */
export function namedIn({ configs = {}, secrets = {} }: ApplicationSpec): NamedContent[] {
  return [
    ...Object.entries(configs).map(([name, { digest }]): NamedContent => ({ kind: 'config', name, digest })),
    ...Object.entries(secrets).map(([name, { digest }]): NamedContent => ({ kind: 'secret', name, digest })),
  ];
}

function namedBy(revisions: readonly RevisionRecord[]): Map<string, NamedContent> {
  return new Map(revisions.flatMap(({ spec }) => namedIn(spec)).map((one) => [idOf(one), one]));
}

/** Contents that a spec names by their digest alone, and that no revision has. */
export function missingContents(
  { spec, contents }: { spec: ApplicationSpec; contents: readonly Content[] },
  revisions: readonly RevisionRecord[],
): Fault[] {
  const known = new Set([...contents.map(idOf), ...namedBy(revisions).keys()]);
  const missing = namedIn(spec).filter((one) => !known.has(idOf(one)));
  return missing.map(({ kind, name }) => ({
    path: `${kind}s.${name}`,
    message: 'names contents that no revision of this application has: give it content',
  }));
}

/** What is to be kept of the contents that a revision brings, and what may go with those that are trimmed. */
export function keptContents(
  revisions: readonly RevisionRecord[],
  {
    revision,
    contents,
    trimmed,
  }: { revision: RevisionRecord; contents: readonly Content[]; trimmed: readonly number[] },
): { contents: Content[]; dropped: NamedContent[] } {
  const here = namedBy(revisions);
  const staying = namedBy([...revisions.filter((one) => !trimmed.includes(one.revision)), revision]);
  return {
    contents: contents.filter((one) => !here.has(idOf(one))),
    dropped: [...here].filter(([id]) => !staying.has(id)).map(([, one]) => one),
  };
}
