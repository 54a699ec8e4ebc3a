import { isIngress, type AppRef, type ApplicationSpec, type Fault, type RouteRecord } from '@tutti/model';

/** Whether a specification wants something of which the whole cluster has one: a port of every node, a host name. */
export function claimsAnything(spec: ApplicationSpec): boolean {
  return Object.values(spec.services).some(({ ports, traffic }) => ports.some(isIngress) || traffic.http.length > 0);
}

/**
 * What a specification wants that another service has already: ports that every node listens on, and host names with
 * paths; a service of the same application is told apart by its name.
 * @param routes those of all services
 */
export function claimFaults(ref: AppRef, spec: ApplicationSpec, routes: readonly RouteRecord[]): Fault[] {
  const others = routes.filter(({ namespace, app }) => namespace !== ref.namespace || app !== ref.app);
  const taken = new Map<string, string>();
  for (const route of others) {
    const owner = `${route.namespace}/${route.app}/${route.service}`;
    for (const { published, hostIp } of route.published) taken.set(portClaim(published, hostIp), owner);
    for (const { host, path } of route.http) taken.set(ruleClaim(host, path), owner);
  }
  return Object.entries(spec.services).flatMap(([name, service]) => {
    const faults: Fault[] = [];
    const claim = (what: string, at: { path: string; text: string }): void => {
      const owner = taken.get(what);
      if (owner !== undefined) faults.push({ path: at.path, message: `${at.text} belongs to ${owner}: take another` });
      taken.set(what, `${name} of this application`);
    };
    service.ports.forEach((port, index) => {
      if (!isIngress(port)) return;
      const published = port.published?.from ?? 0;
      const path = `services.${name}.ports[${index}]`;
      claim(portClaim(published, port.hostIp), { path, text: `wants port ${published} of every node, which` });
    });
    service.traffic.http.forEach(({ host, path }, index) => {
      const text = `wants requests for ${host ?? 'any host'}${path ?? ''}, which are routed already: that`;
      claim(ruleClaim(host, path), { path: `services.${name}.x-tutti.http[${index}]`, text });
    });
    return faults;
  });
}

const portClaim = (published: number, hostIp = ''): string => `port ${hostIp} ${published}`;
const ruleClaim = (host = '', path = '/'): string => `rule ${host} ${path}`;
