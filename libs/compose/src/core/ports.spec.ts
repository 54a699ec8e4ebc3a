import { Place } from './place.js';
import type { Json } from './json.js';
import { ports } from './ports.js';
import { Report } from './report.js';

function read(...list: Json[]): { found: unknown[]; faults: string[] } {
  const report = new Report();
  const found = ports(new Place(list, 'ports', report));
  return { found, faults: report.faults.list().map(({ path, message }) => `${path} ${message}`) };
}

const tcp = { protocol: 'tcp', mode: 'ingress' };

describe('ports', () => {
  it.each<[Json, object[]]>([
    [3000, [{ target: 3000, ...tcp }]],
    ['3000', [{ target: 3000, ...tcp }]],
    ['8080:80', [{ target: 80, published: { from: 8080, to: 8080 }, ...tcp }]],
    ['53:53/udp', [{ target: 53, published: { from: 53, to: 53 }, protocol: 'udp', mode: 'ingress' }]],
    ['8081-8086:3000', [{ target: 3000, published: { from: 8081, to: 8086 }, ...tcp }]],
    ['127.0.0.1:8080:80', [{ target: 80, published: { from: 8080, to: 8080 }, hostIp: '127.0.0.1', ...tcp }]],
    ['127.0.0.1::80', [{ target: 80, hostIp: '127.0.0.1', ...tcp }]],
    ['[::1]:8080:80', [{ target: 80, published: { from: 8080, to: 8080 }, hostIp: '::1', ...tcp }]],
    [{ target: 80 }, [{ target: 80, ...tcp }]],
    [{ target: '80', published: 8080 }, [{ target: 80, published: { from: 8080, to: 8080 }, ...tcp }]],
    [{ target: 80, published: '8000-8010' }, [{ target: 80, published: { from: 8000, to: 8010 }, ...tcp }]],
    [
      { target: 80, published: '8080', host_ip: '10.0.0.1', protocol: 'udp', mode: 'host' },
      [{ target: 80, published: { from: 8080, to: 8080 }, hostIp: '10.0.0.1', protocol: 'udp', mode: 'host' }],
    ],
  ])('reads %j', (written, expected) => {
    expect(read(written)).toEqual({ found: expected, faults: [] });
  });

  it('pairs two ranges of one length, and spreads a range of container ports', () => {
    expect(read('9090-9091:8080-8081').found).toEqual([
      { target: 8080, published: { from: 9090, to: 9090 }, ...tcp },
      { target: 8081, published: { from: 9091, to: 9091 }, ...tcp },
    ]);
    expect(read('3000-3002').found).toHaveLength(3);
  });

  it.each<[Json, RegExp]>([
    ['9090-9092:8080-8081', /different lengths/],
    ['1-65535', /65535 ports/],
    ['70000:80', /1 to 65535/],
    ['80/sctp', /tcp, udp/],
    ['web', /port from 1 to 65535/],
    ['1:2:3:4', /write it as/],
    [{ published: 80 }, /no target/],
    [{ target: 80, publshed: 1 }, /did you mean "published"/],
    [true, /1 to 65535/],
    [null, /text/],
  ])('refuses %j', (written, reason) => {
    const { faults } = read(written);
    expect(faults[0]).toMatch(/^ports\[0\]/);
    expect(faults[0]).toMatch(reason);
  });

  it('bounds the ports of a service', () => {
    const { found, faults } = read('1-1000', '2001-3000');
    expect(found).toHaveLength(1024);
    expect(faults[0]).toMatch(/may have 1024/);
  });
});
