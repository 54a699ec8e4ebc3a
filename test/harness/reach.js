// Containers of one application on every host, and whether they reach one another.
import { BUSYBOX_IMAGE } from '@tutti/testing';

/** Each answers with its container's short id. */
export const REACHED = `
services:
  web:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && echo $$HOSTNAME > /www/index.html && exec httpd -f -p 8080 -h /www"]
    stop_grace_period: 0s
    deploy: { mode: global }
`;

/** The container of a host that runs {@link REACHED} as the application `shop`. */
export async function web(host) {
  const [found] = await host.docker.listContainers({ filters: { label: ['dev.tutti.app=shop'] } });
  const [network] = Object.values(found?.NetworkSettings.Networks ?? {});
  return { id: found?.Id ?? '', address: network?.IPAddress ?? '' };
}

/** Runs a command in that container. @returns what it printed; nothing where it fails */
export async function inWeb(host, ...command) {
  const { id } = await web(host);
  return host.exec('docker', '-H', host.dockerHost, 'exec', id, ...command).catch(() => '');
}

/** Whether the container of one host gets an answer of that of another, by its address. */
export async function reaches(from, to) {
  const { id, address } = await web(to);
  const answer = await inWeb(from, 'timeout', '3', 'wget', '-qO', '-', `http://${address}:8080/`);
  return answer.trim() === id.slice(0, 12);
}

export const reachBothWays = async (one, other) => (await reaches(one, other)) && (await reaches(other, one));
