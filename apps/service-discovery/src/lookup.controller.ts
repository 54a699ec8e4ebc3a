import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { BUS, get, keys, subjects, type Connection } from '@tutti/bus';
import { notFound, requireName, type EndpointsRecord, type ServiceRef } from '@tutti/model';

/** Answers where a service can be reached, from the records: what was written a moment ago counts. */
@Controller()
export class LookupController {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** @throws TuttiError `invalid` for what is no name, `not-found` for a service without tasks */
  @MessagePattern(subjects.rpc('service-discovery', 'lookup'))
  async lookup(@Payload() request: Partial<ServiceRef>): Promise<EndpointsRecord> {
    const namespace = requireName(request.namespace, 'namespace');
    const app = requireName(request.app, 'application');
    const service = requireName(request.service, 'service');
    const found = await get(this.bus, keys.endpoints({ namespace, app, service }));
    if (!found) throw notFound(`service ${namespace}/${app}/${service} has no tasks; see tutti services`);
    return found.record;
  }
}
