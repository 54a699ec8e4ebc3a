import { formatBytes, type StatusAnswer } from '@tutti/model';
import { age } from './ages.js';
import { toneOf, type Paint } from './style.js';

/** The control plane on one screen. */
export function statusScreen(status: StatusAnswer, now: Date, paint: Paint): string[] {
  const { bus, nodes, capacity, reserved, tasks, incidents } = status;
  const label = (name: string): string => paint(name.padEnd(11), 'bold');
  const width = Math.max(0, ...status.services.map(({ name }) => name.length));
  const stored = bus.streams.reduce((sum, { bytes }) => sum + bytes, 0);
  const closed = nodes.total - nodes.ready - nodes.down;
  return [
    label('Cluster') + paint(status.healthy ? 'healthy' : 'degraded', status.healthy ? 'good' : 'bad'),
    label('Bus') +
      (bus.connected
        ? `nats-server ${bus.version} at ${bus.server}, ${formatBytes(stored)} in ${bus.streams.length} streams`
        : paint('not connected', 'bad')),
    ...status.services.map(({ name, state, version, since }, index) =>
      [
        index === 0 ? label('Services') : label(''),
        name.padEnd(width),
        '  ',
        paint(state, toneOf(state)),
        version ? `  ${version}` : '',
        since ? paint(`  up ${age(since, now)}`, 'dim') : '',
      ].join(''),
    ),
    label('Nodes') +
      `${nodes.ready} ready` +
      (nodes.down > 0 ? paint(`, ${nodes.down} down`, 'bad') : '') +
      (closed > 0 ? paint(`, ${closed} cordoned or draining`, 'busy') : ''),
    label('Capacity') +
      `${round(reserved.cpu)} of ${round(capacity.cpu)} cores, ` +
      `${formatBytes(reserved.memory)} of ${formatBytes(capacity.memory)} promised`,
    label('Tasks') + `${tasks.running} of ${tasks.total} running, ${status.apps} applications`,
    label('Incidents') + paint(`${incidents.open} open`, incidents.open > 0 ? 'bad' : 'good'),
  ];
}

const round = (amount: number): string => String(Math.round(amount * 100) / 100);
