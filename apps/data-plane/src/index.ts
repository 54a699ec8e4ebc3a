export { startDataPlane, type DataPlane, type DataPlaneOptions } from './start.js';
export { proxyOptionsFromEnv, startProxy, type ProxyServiceOptions } from './proxy/start.js';
