export * from './certificates.js';
export * from './docker-image.js';
export * from './eventually.js';
export * from './history.js';
export * from './link.js';
export * from './nats.js';
export * from './records.js';
export * from './nats-cluster.js';
