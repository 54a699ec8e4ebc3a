import type { Connection } from '@tutti/bus';

interface Told {
  subject: string;
  node: string;
  services: readonly object[];
  /** Services in one message, so that it stays far below the bus's limit. */
  perMessage: number;
}

/** Publishes what a node's proxy has counted for services, in as many messages as it takes; nothing where the bus is closed. */
export function publishSamples({ nc }: Connection, { subject, node, services, perMessage }: Told): void {
  if (nc.isClosed()) return;
  for (let start = 0; start < services.length; start += perMessage) {
    const message = { node, at: new Date().toISOString(), services: services.slice(start, start + perMessage) };
    nc.publish(subject, JSON.stringify(message));
  }
}
