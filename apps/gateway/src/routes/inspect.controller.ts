import { Controller, Get, Param, Query } from '@nestjs/common';
import { filters, type KeyFilter } from '@tutti/bus';
import { isName, notFound, OWNER, type RecordKind, type WhyAnswer } from '@tutti/model';
import { whyApp, whyNode, whyService, whyTask } from '../core/present/why.js';
import { BadRequest } from '../http/problem.filter.js';
import { RecordReader } from '../records.service.js';
import { chooseRecords, shown } from '../core/inspect.js';
import { NamespaceQuery } from './queries.js';

const KINDS = Object.keys(OWNER) as RecordKind[];
const DEFAULT = 'default';

/** Whole records, and why things are as they are. */
@Controller('v1')
export class InspectController {
  constructor(private readonly records: RecordReader) {}

  @Get('records/:kind')
  async ofKind(@Param('kind') kind: string, @Query() { namespace }: NamespaceQuery): Promise<object[]> {
    return this.find(kind, '', namespace);
  }

  @Get('records/:kind/*')
  async named(
    @Param('kind') kind: string,
    @Param('*') name: string,
    @Query() { namespace }: NamespaceQuery,
  ): Promise<object[]> {
    const found = await this.find(kind, name, namespace);
    if (found.length > 0) return found;
    throw notFound(
      `there is no ${kind} ${name.slice(0, 200)}${namespace === undefined ? '' : ` in the namespace ${namespace}`}`,
    );
  }

  @Get('why/:target')
  async why(@Param('target') target: string, @Query() { namespace = DEFAULT }: NamespaceQuery): Promise<WhyAnswer> {
    const [app = '', service, ...more] = target.split('/');
    if (!isName(app) || (service !== undefined && !isName(service)) || more.length > 0) {
      throw new BadRequest('ask for a task by its id or its beginning, a node, an application, or APP/SERVICE');
    }
    const seen = await this.records.readTasks({}, filters.all('incident'));
    const answer =
      service === undefined
        ? ((await this.whyNamed(app, seen)) ?? whyApp({ namespace, app }, seen))
        : whyService({ namespace, app, service }, seen);
    if (answer) return answer;
    throw notFound(`there is no task, node, application or service ${target} in the namespace ${namespace}`);
  }

  private async whyNamed(name: string, seen: Parameters<typeof whyTask>[1]): Promise<WhyAnswer | undefined> {
    const nodes = await this.records.nodes();
    const exact = nodes.find(({ node }) => node === name);
    if (exact) return whyNode(exact, seen);
    const tasks = seen.task.filter(({ task }) => task.startsWith(name));
    if (tasks.length > 1) throw new BadRequest(`${name} is the beginning of ${tasks.length} tasks: give more of it`);
    if (tasks[0] || seen.rollout.some(({ app }) => app === name)) return tasks[0] && whyTask(tasks[0], seen);
    const alike = nodes.filter(({ node }) => node.startsWith(name));
    if (alike.length > 1) throw new BadRequest(`${name} is the beginning of ${alike.length} nodes: give more of it`);
    return alike[0] && whyNode(alike[0], seen);
  }

  private async find(kind: string, name: string, namespace?: string): Promise<object[]> {
    const known = KINDS.find((candidate) => candidate === kind);
    if (!known) throw notFound(`there are no records of the kind ${kind.slice(0, 40)}: ask for ${KINDS.join(', ')}`);
    const seen = await this.records.read(filters.all(known) as KeyFilter);
    return chooseRecords(seen[known], name, namespace).map((record) => shown(known, record));
  }
}
