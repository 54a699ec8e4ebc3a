import { Injectable } from '@nestjs/common';
import { namespaceOfCommand, type JetStreamContext } from '@tutti/bus';
import { isName, TuttiError, type Fault, type NodeVerb } from '@tutti/model';
import { decideNode, refuseNode } from '../core/nodes/decide-node.js';
import type { NodeCommand, NodeCommandHead, NodeDecision } from '../core/nodes/node-command.js';
import { Archive } from './archive.js';
import { NodeDto } from './dto.js';
import { commandId, foreignFaults } from './identity.js';
import { NodeArchive } from './node-archive.js';
import { validated } from './validate.js';

/** As of commands on applications. */
const MAX_ATTEMPTS = 10;

type Decoded = { command: NodeCommand } | { head: NodeCommandHead; faults: Fault[] };

/** Carries a command on a node from its message to its outcome. */
@Injectable()
export class NodeCommands {
  constructor(
    private readonly archive: Archive,
    private readonly nodes: NodeArchive,
  ) {}

  /**
   * Answers a command; returns once the answer is on the bus.
   * @throws TuttiError `unavailable` or `conflict`, upon which the command is delivered again
   */
  async handle(verb: NodeVerb, body: unknown, context: JetStreamContext): Promise<void> {
    const namespace = namespaceOfCommand(context.subject) ?? '';
    const head: NodeCommandHead = { namespace, command: commandId(namespace, context.id), verb };
    if (await this.archive.isAnswered(head)) return;
    await this.answer(await decode(head, body));
  }

  private async answer(decoded: Decoded): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { decision, revision } = await this.decide(decoded);
      if (!decision || (await this.nodes.keep(decision, revision))) return;
      const head = 'head' in decoded ? decoded.head : decoded.command;
      if (await this.archive.isAnswered(head)) return;
    }
    throw new TuttiError('conflict', 'the node kept changing while a command on it was decided');
  }

  private async decide(decoded: Decoded): Promise<{ decision: NodeDecision | undefined; revision: number }> {
    const now = new Date().toISOString();
    if ('faults' in decoded) return { decision: refuseNode(decoded.head, decoded.faults, now), revision: 0 };
    const { known, revision } = await this.nodes.look(decoded.command);
    return { decision: decideNode(decoded.command, known, now), revision };
  }
}

async function decode(head: NodeCommandHead, body: unknown): Promise<Decoded> {
  const { value, faults } = await validated(NodeDto, body);
  const named = { ...head, ...(isName(value.node) && { node: value.node }) };
  const all = [...foreignFaults(head), ...faults];
  return all.length > 0 ? { head: named, faults: all } : { command: { ...head, ...value } as NodeCommand };
}
