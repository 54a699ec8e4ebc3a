import { readConstraint } from '@tutti/model';
import type { NodeView } from '../node-view.js';

/** Reads something of a node; undefined where the node says nothing of it. */
export type Attribute = (node: NodeView) => string | undefined;

/** The left side of a constraint or what tasks are spread over, with the names that Compose and Swarm use. */
export function attribute(name: string): Attribute {
  if (name === 'node.id' || name === 'node.hostname') return ({ record }) => record.node;
  if (name === 'node.platform.os') return ({ record }) => record.engine.os;
  if (name === 'node.platform.arch') return ({ record }) => record.engine.arch;
  const [, of, label = ''] = /^(node|engine)\.labels\.(.+)$/.exec(name) ?? [];
  return ({ record }) => {
    const labels = (of === 'engine' ? record.engine.labels : of === 'node' ? record.labels : undefined) ?? {};
    return Object.hasOwn(labels, label) ? labels[label] : undefined;
  };
}

/** The first constraint that a node does not meet, as a few words: `not matching node.labels.zone == a`. */
export type Constraints = (node: NodeView) => string | undefined;

/** Takes constraints apart once, to be asked of many nodes. One that cannot be read is met by none. */
export function constraintsOf(texts: readonly string[]): Constraints {
  const rules = texts.map((text) => {
    const constraint = readConstraint(text);
    return { text, constraint, valueOf: attribute(constraint?.attribute ?? '') };
  });
  return (node) => {
    const unmet = rules.find(
      ({ constraint, valueOf }) => !constraint || (valueOf(node) === constraint.value) !== constraint.equal,
    );
    return unmet && `not matching ${unmet.text}`;
  };
}
