import { Controller, Get, Header, Inject, Param, Req, Res } from '@nestjs/common';
import { BUS, type Connection } from '@tutti/bus';
import { TuttiError } from '@tutti/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { renderMetrics } from '../http/metrics.js';
import { Docs } from '../http/docs.js';
import { isAdmitted } from '../http/server.js';
import { TrafficService } from '../traffic.service.js';

const READY_TIMEOUT_MS = 1000;

/** What needs no token: is it there, is it well, and how is it spoken to. */
@Controller()
export class OpenController {
  constructor(
    private readonly docs: Docs,
    @Inject(BUS) private readonly bus: Connection,
    private readonly traffic: TrafficService,
  ) {}

  @Get('livez')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(): Promise<{ status: string }> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(
        () => reject(new TuttiError('unavailable', 'the bus does not answer; see that nats-server runs')),
        READY_TIMEOUT_MS,
      ).unref();
    });
    await Promise.race([this.bus.nc.flush(), late]);
    return { status: 'ok' };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics(@Req() request: FastifyRequest): string {
    // What runs here is for those who show the token.
    return renderMetrics() + (isAdmitted(request) ? this.traffic.metrics() : '');
  }

  @Get('openapi.json')
  openapi(): Promise<object> {
    return this.docs.document();
  }

  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    void reply.header('content-type', 'text/html; charset=utf-8').send(this.docs.page());
  }

  @Get('docs/:file')
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const { type, content } = await this.docs.asset(file);
    void reply.header('content-type', type).header('cache-control', 'max-age=86400').send(content);
  }
}
