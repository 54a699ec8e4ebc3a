// The application under load: answers at once, or at /slow after two seconds; on SIGTERM it exits at once, whatever is
// under way. That is how careless programs are, and how a platform has to take them.
const SLOW_MS = 2000;

/** As text for `node -e`: the container has a node, and nothing else. */
export const SERVER = `
const { createServer } = require('node:http');
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => setTimeout(() => response.end(process.env.VERSION || 'ok'), request.url === '/slow' ? ${SLOW_MS} : 0));
});
server.keepAliveTimeout = 120000;
server.listen(80);
process.on('SIGTERM', () => process.exit(0));
`;
