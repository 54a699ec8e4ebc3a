export { startNetwork, type NetworkOptions } from './network/start.js';
