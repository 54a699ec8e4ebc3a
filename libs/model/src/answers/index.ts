// What the gateway answers in JSON and its clients read: one declaration that holds both sides together.
export * from './apps.js';
export * from './history.js';
export * from './incidents.js';
export * from './join.js';
export * from './nodes.js';
export * from './plan.js';
export * from './rebalance.js';
export * from './status.js';
export * from './tasks.js';
export * from './usage.js';
export * from './why.js';
