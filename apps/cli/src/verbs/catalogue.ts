import type { Verb } from './verb.js';

const PLATFORM = 'The platform:';
const PARTS = 'The platform in parts:';
const NODES = 'Nodes:';
const APPLICATIONS = 'Applications:';
const LISTS = 'What there is:';
const REASONS = 'What happens, and why:';

/** Every verb, in the order of help. Only the one that is called is read from disk. */
export const VERBS: readonly Verb[] = [
  {
    name: 'up',
    summary: 'run the control plane and a node agent on this machine',
    group: PLATFORM,
    load: () => import('./up.js'),
  },
  { name: 'down', summary: 'stop what `up` runs', group: PLATFORM, load: () => import('./down.js') },
  { name: 'token', summary: 'what another host needs to join', group: PLATFORM, load: () => import('./token.js') },
  {
    name: 'join',
    summary: 'make this machine a node of a control plane elsewhere',
    group: PLATFORM,
    load: () => import('./join.js'),
  },
  { name: 'leave', summary: 'stop the agent that `join` runs', group: PLATFORM, load: () => import('./leave.js') },
  {
    name: 'status',
    summary: 'services, bus, nodes, capacity and open incidents',
    group: PLATFORM,
    load: () => import('./status.js'),
  },
  {
    name: 'deploy',
    summary: 'deploy a Compose file and wait until it is rolled out',
    group: APPLICATIONS,
    load: () => import('./deploy.js'),
  },
  { name: 'plan', summary: 'what deploy would do', group: APPLICATIONS, load: () => import('./plan.js') },
  {
    name: 'scale',
    summary: 'change how many tasks a service has',
    group: APPLICATIONS,
    load: () => import('./scale.js'),
  },
  {
    name: 'rollback',
    summary: 'go back to an earlier revision',
    group: APPLICATIONS,
    load: () => import('./rollback.js'),
  },
  {
    name: 'promote',
    summary: 'have a new version that waits take more of the traffic',
    group: APPLICATIONS,
    load: () => import('./promote.js'),
  },
  {
    name: 'abort',
    summary: 'give up what is being rolled out',
    group: APPLICATIONS,
    load: () => import('./abort.js'),
  },
  {
    name: 'restart',
    summary: 'replace the tasks of an application or service',
    group: APPLICATIONS,
    load: () => import('./restart.js'),
  },
  { name: 'rm', summary: 'remove an application', group: APPLICATIONS, load: () => import('./rm.js') },
  { name: 'history', summary: "an application's revisions", group: APPLICATIONS, load: () => import('./history.js') },
  {
    name: 'nodes',
    summary: 'nodes, how they are and what they have promised',
    group: NODES,
    load: () => import('./nodes.js'),
  },
  {
    name: 'drain',
    summary: 'have the tasks of a node replaced elsewhere, and wait until they are',
    group: NODES,
    load: () => import('./drain.js'),
  },
  { name: 'cordon', summary: 'place no further task on a node', group: NODES, load: () => import('./cordon.js') },
  { name: 'uncordon', summary: 'place tasks on a node again', group: NODES, load: () => import('./uncordon.js') },
  {
    name: 'node',
    summary: 'remove a node for good, or say that it is lost',
    group: NODES,
    load: () => import('./node.js'),
  },
  {
    name: 'rebalance',
    summary: 'spread tasks more evenly over the nodes that there are',
    group: NODES,
    load: () => import('./rebalance.js'),
  },
  { name: 'ls', summary: 'applications', group: LISTS, load: () => import('./ls.js') },
  {
    name: 'ps',
    summary: 'tasks: the containers, where they run and how they are',
    group: LISTS,
    load: () => import('./ps.js'),
  },
  { name: 'services', summary: 'services and their replicas', group: LISTS, load: () => import('./services.js') },
  { name: 'inspect', summary: 'a whole record, as JSON', group: LISTS, load: () => import('./inspect.js') },
  {
    name: 'usage',
    summary: 'container, CPU and memory time, by namespace, application or service',
    group: LISTS,
    load: () => import('./usage.js'),
  },
  {
    name: 'logs',
    summary: 'what tasks print, also those that are gone',
    group: REASONS,
    load: () => import('./logs.js'),
  },
  { name: 'events', summary: 'the history of everything', group: REASONS, load: () => import('./events.js') },
  {
    name: 'incidents',
    summary: 'what failed, why, what was done, how long it took',
    group: REASONS,
    load: () => import('./incidents.js'),
  },
  { name: 'why', summary: 'why something is as it is', group: REASONS, load: () => import('./why.js') },
  {
    name: 'init',
    summary: 'keys, credentials and configuration of a control plane whose parts something else starts',
    group: PARTS,
    load: () => import('./init.js'),
  },
  {
    name: 'streams',
    summary: "make the bus's streams, or bring them to this version",
    group: PARTS,
    load: () => import('./streams.js'),
  },
  {
    name: 'completion',
    summary: 'a script that completes verbs, options and names in your shell',
    group: PLATFORM,
    load: () => import('./completion.js'),
  },
  { name: '__complete', summary: '', group: PLATFORM, load: () => import('./complete.js'), hidden: true },
];
