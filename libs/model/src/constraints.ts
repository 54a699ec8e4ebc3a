/** One line of `placement.constraints`, taken apart. */
export interface Constraint {
  /** What is asked of a node: `node.labels.zone`. */
  attribute: string;
  /** Whether it has to be `value`, or must not. */
  equal: boolean;
  value: string;
}

const LINE = /^\s*([^\s=!]+)\s*(==|!=)\s*(\S.*?)\s*$/;
const LABEL = /^(?:node|engine)\.labels\.[^\s=!]+$/;
const OTHERS = ['node.id', 'node.hostname', 'node.platform.os', 'node.platform.arch'];

/** What constraints may ask for, for a person. */
export const ATTRIBUTES = [...OTHERS, 'node.labels.…', 'engine.labels.…'].join(', ');

/** Reads a constraint; undefined where it is none, see {@link constraintFault}. */
export function readConstraint(text: string): Constraint | undefined {
  const [, attribute = '', operator, value = ''] = LINE.exec(text) ?? [];
  if (!LABEL.test(attribute) && !OTHERS.includes(attribute)) return undefined;
  return { attribute, equal: operator === '==', value };
}

/** What is wrong with a constraint, as the end of a sentence that begins with where it stands. */
export function constraintFault(text: string): string | undefined {
  if (readConstraint(text)) return undefined;
  const [, attribute] = LINE.exec(text) ?? [];
  if (/^\s*node\.role\b/.test(text))
    return 'asks for node.role, but all nodes are alike here: label the nodes that are meant and use node.labels';
  return attribute
    ? `asks for ${attribute}, which no node has: ask for one of ${ATTRIBUTES}`
    : `is ${JSON.stringify(text.slice(0, 200))}: write it as node.labels.zone == a, with == or !=`;
}

/** Whether tasks can be spread over it. */
export const isSpreadable = (attribute: string): boolean => LABEL.test(attribute);
