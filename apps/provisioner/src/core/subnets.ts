import { holds, overlaps, partOf, partsIn, sizeOf, type ApplicationSpec, type Cidr } from '@tutti/model';

/** A network has at least 125 addresses for containers, and at most as many as a bridge has ports. */
const SMALLEST_PREFIX = 25;
const LARGEST_PREFIX = 22;
/** Times the replicas that the file asks for: room for scaling, and for updates that make before they break. */
const ROOM = 4;
const SPARE = 16;

/** The stretch of a node's range that is the node's own: its address between hosts lies there. */
const ownPart = (range: Cidr): Cidr => partOf(range, SMALLEST_PREFIX, 0);

/** What a subnet's prefix has to be so that the network holds the tasks of its services, were they all on one node. */
export function subnetPrefix(spec: ApplicationSpec, key: string): number {
  const services = Object.values(spec.services).filter(({ networks }) => Object.hasOwn(networks, key));
  const tasks = services.reduce((sum, { replicas }) => sum + replicas, 0);
  for (let prefix = SMALLEST_PREFIX; prefix > LARGEST_PREFIX; prefix -= 1) {
    if (ROOM * tasks + SPARE <= sizeOf(prefix)) return prefix;
  }
  return LARGEST_PREFIX;
}

/**
 * The first subnet of a node's range that is free; of a smaller size where there is no room for one as large as wanted.
 * @param used what networks and the host have; a wide route that the whole range lies in is no obstacle
 */
export function freeSubnet(range: Cidr, wanted: number, used: readonly Cidr[]): Cidr | undefined {
  const inTheWay = [ownPart(range), ...used.filter((each) => holds(range, each))];
  for (let prefix = Math.max(wanted, range.prefix + 1); prefix <= SMALLEST_PREFIX; prefix += 1) {
    const places = Array.from({ length: partsIn(range, prefix) }, (_, place) => partOf(range, prefix, place));
    const found = places.find((place) => !inTheWay.some((each) => overlaps(each, place)));
    if (found) return found;
  }
  return undefined;
}
