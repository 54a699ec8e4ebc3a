import { invalid, requireName } from '@tutti/model';

/** What `APP` or `APP/SERVICE` names. */
export interface Target {
  app: string;
  service?: string;
}

/**
 * Reads `APP` or `APP/SERVICE`.
 * @throws TuttiError `invalid` when it is neither
 */
export function parseTarget(text: string): Target {
  const [app = '', service, ...rest] = text.split('/');
  if (rest.length > 0) throw invalid(`${JSON.stringify(text)} is neither APP nor APP/SERVICE`);
  requireName(app, 'application');
  return service === undefined ? { app } : { app, service: requireName(service, 'service') };
}

/** What `scale` was asked for: one application, and a number for each service. */
export interface ScaleRequest {
  app: string;
  services: Record<string, number>;
}

/**
 * Reads `shop/web=3 shop/api=2`; the application may be left out after the first.
 * @throws TuttiError `invalid` when one of them is not of that form, or they name several applications
 */
export function parseScales(texts: readonly string[]): ScaleRequest {
  let app: string | undefined;
  const services: Record<string, number> = {};
  for (const text of texts) {
    const match = /^(?:([^/=]+)\/)?([^/=]+)=(\d{1,5})$/.exec(text);
    if (!match) throw invalid(`${JSON.stringify(text)} is not APP/SERVICE=N, such as shop/web=3`);
    const [, named = app, service = '', count] = match;
    if (named === undefined) throw invalid(`which application is ${JSON.stringify(text)} about? Write APP/SERVICE=N`);
    if (app !== undefined && named !== app) throw invalid('scale one application at a time');
    app = requireName(named, 'application');
    services[requireName(service, 'service')] = Number(count);
  }
  if (app === undefined) throw invalid('say what to scale: APP/SERVICE=N, such as shop/web=3');
  return { app, services };
}
