import { Controller, Get, Param } from '@nestjs/common';
import { filters } from '@tutti/bus';
import { notFound, type NodeAnswer, type NodeElement } from '@tutti/model';
import { presentNode } from '../core/present/node.js';
import { nodeOf } from '../http/validation.js';
import { RecordReader } from '../records.service.js';

/** Nodes, and what is on them. */
@Controller('v1/nodes')
export class NodesController {
  constructor(private readonly records: RecordReader) {}

  @Get()
  all(): Promise<NodeElement[]> {
    return this.records.nodes();
  }

  @Get(':node')
  async one(@Param('node') name: string): Promise<NodeAnswer> {
    const node = nodeOf(name);
    const [nodes, seen] = await Promise.all([
      this.records.nodes(),
      this.records.read(filters.onNode('task', node), filters.onNode('status', node), filters.all('rollout')),
    ]);
    const found = nodes.find((element) => element.node === node);
    if (found) return presentNode(found, seen);
    throw notFound(`there is no node ${node}: ${nodes.length === 0 ? 'none has joined' : `there are ${names(nodes)}`}`);
  }
}

const names = (nodes: readonly NodeElement[]): string => nodes.map(({ node }) => node).join(', ');
