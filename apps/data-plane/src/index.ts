export { startNetwork, type NetworkOptions } from './network/start.js';
export {
  isProxyWanted,
  proxyHostSettings,
  proxyOptionsFromEnv,
  startProxy,
  type ProxyServiceOptions,
} from './proxy/start.js';
export { NOTHING, VirtualDesk } from './virtual/desk.js';
