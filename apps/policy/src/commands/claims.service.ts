import { Inject, Injectable } from '@nestjs/common';
import { BUS, filters, list, type Connection } from '@tutti/bus';
import type { AppRef, ApplicationSpec, Fault } from '@tutti/model';
import { claimFaults, claimsAnything } from '../core/claims.js';

/** Looks whether others have what an application wants for itself in the whole cluster. */
@Injectable()
export class Claims {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /**
   * As of now: of two that are deployed at the same moment both may be let in; proxies then serve one and say so. Where no
   * node has a proxy, ports belong to nodes, and it is for placement to find a free one.
   * @throws TuttiError `unavailable` when the bus does not answer
   */
  async faultsOf(ref: AppRef, spec: ApplicationSpec): Promise<Fault[]> {
    if (!claimsAnything(spec)) return [];
    const nodes = await list(this.bus, [filters.all('node')]);
    if (!nodes.some(({ record }) => record.proxy)) return [];
    const routes = await list(this.bus, [filters.all('route')]);
    return claimFaults(
      ref,
      spec,
      routes.map(({ record }) => record),
    );
  }
}
