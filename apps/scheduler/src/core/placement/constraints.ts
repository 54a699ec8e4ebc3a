import type { NodeView } from '../node-view.js';

const CONSTRAINT = /^\s*([\w./-]+)\s*(==|!=)\s*(.*?)\s*$/;

/** The first constraint that a node does not meet, as a few words: `not node.labels.zone == a`. */
export function unmetConstraint(node: NodeView, constraints: readonly string[]): string | undefined {
  const unmet = constraints.find((text) => {
    const [, attribute = '', operator, value] = CONSTRAINT.exec(text) ?? [];
    return (attributeOf(node, attribute) === value) !== (operator === '==');
  });
  return unmet === undefined ? undefined : `not ${unmet}`;
}

/** The value of a constraint's left side, with the names that Compose and Swarm use. */
export function attributeOf({ record }: NodeView, attribute: string): string | undefined {
  if (attribute === 'node.id' || attribute === 'node.hostname') return record.node;
  if (attribute === 'node.platform.os') return record.engine.os;
  if (attribute === 'node.platform.arch') return record.engine.arch;
  const label = /^(?:node|engine)\.labels\.(.+)$/.exec(attribute)?.[1];
  return label !== undefined && Object.hasOwn(record.labels, label) ? record.labels[label] : undefined;
}
