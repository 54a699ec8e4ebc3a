import { Controller, Get, Inject } from '@nestjs/common';
import { BUS, filters, STREAM, survey, type Connection } from '@tutti/bus';
import { SERVICES, type StatusAnswer, type StreamSize } from '@tutti/model';
import { presentStatus } from '../core/present/status.js';
import { RecordReader } from '../records.service.js';

/** What the gateway may look at; the commands' queue is policy's. */
const STREAMS = [STREAM.state, STREAM.events, STREAM.leases, STREAM.logs, STREAM.samples, STREAM.dead];

/** The whole system on one screen. */
@Controller('v1')
export class StatusController {
  constructor(
    private readonly records: RecordReader,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  @Get('status')
  async status(): Promise<StatusAnswer> {
    const [services, streams, nodes, seen] = await Promise.all([
      survey(this.bus, SERVICES),
      Promise.all(STREAMS.map((name) => this.sizeOf(name))),
      this.records.nodes(),
      this.records.readTasks({}, filters.all('app'), filters.all('incident')),
    ]);
    const { server_name: server, version } = this.bus.nc.info ?? { server_name: '', version: '' };
    return presentStatus({
      bus: { server, version, connected: !this.bus.nc.isClosed(), streams },
      services,
      nodes,
      seen,
    });
  }

  private async sizeOf(name: (typeof STREAMS)[number]): Promise<StreamSize> {
    const { state } = await this.bus.jsm.streams.info(name);
    return { name, messages: state.messages, bytes: state.bytes };
  }
}
