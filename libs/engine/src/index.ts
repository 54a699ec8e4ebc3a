export { DockerEngine, type DockerConnectOptions } from './docker/docker-engine.js';
export * from './port/call.js';
export * from './port/container.js';
export * from './port/engine.js';
export * from './port/errors.js';
export * from './port/events.js';
export * from './port/host.js';
export * from './port/logs.js';
export * from './port/resources.js';
