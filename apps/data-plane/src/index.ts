export { startNetwork, type NetworkOptions } from './network/start.js';
export { isProxyWanted, proxyOptionsFromEnv, startProxy, type ProxyServiceOptions } from './proxy/start.js';
