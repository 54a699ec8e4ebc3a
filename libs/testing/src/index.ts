export * from './docker-image.js';
export * from './eventually.js';
export * from './nats.js';
export * from './records.js';
