interface Described {
  summary: string;
  /** Parameters of the query, with what they mean. */
  query?: Record<string, string>;
  /** Media types of the body. */
  body?: string[];
  /** Whether it may be left out. */
  bodyOptional?: true;
  /** The status of success. */
  answer?: number;
}

const COMMAND = { wait: 'true: answer 200 with the outcome', timeout: 'how long to wait, such as 30s' };
const SCOPE = { namespace: 'of this namespace', app: 'of this application' };
const SPEC = ['application/yaml', 'text/yaml', 'application/json'];
const JSON_BODY = ['application/json'];
const FOLLOW = { since: 'a duration such as 1h, an ISO time, or now', follow: 'true: as text/event-stream' };

/** What each route does, for its readers. */
export const OPERATIONS: Record<string, Described> = {
  'put /v1/apps/{namespace}/{app}': {
    summary: 'Deploy a Compose file or a specification',
    query: { ...COMMAND, plan: 'what `tutti plan` printed: refused where the deploy would do anything else' },
    body: SPEC,
    answer: 202,
  },
  'delete /v1/apps/{namespace}/{app}': { summary: 'Remove an application', query: COMMAND, answer: 202 },
  'post /v1/apps/{namespace}/{app}/plan': { summary: 'What a deploy would do', body: SPEC },
  'post /v1/apps/{namespace}/{app}/scale': {
    summary: 'Set how many tasks services have',
    query: COMMAND,
    body: JSON_BODY,
    answer: 202,
  },
  'post /v1/apps/{namespace}/{app}/rollback': {
    summary: 'Go back to an earlier revision',
    query: COMMAND,
    body: JSON_BODY,
    answer: 202,
  },
  'post /v1/apps/{namespace}/{app}/restart': {
    summary: 'Replace the tasks of a service or of all',
    query: COMMAND,
    body: JSON_BODY,
    answer: 202,
  },
  'post /v1/apps/{namespace}/{app}/promote': {
    summary: 'Have a canary, or a new version that waits, go to its next step or to the last',
    query: COMMAND,
    body: JSON_BODY,
    answer: 202,
  },
  'post /v1/apps/{namespace}/{app}/abort': {
    summary: 'Give up the revision that is being rolled out, and bring the one before back',
    query: COMMAND,
    answer: 202,
  },
  'get /v1/outcomes/{namespace}/{command}': { summary: 'The answer to a command; 404 while there is none' },
  'get /v1/apps': { summary: 'All applications' },
  'get /v1/apps/{namespace}': { summary: 'The applications of a namespace' },
  'get /v1/apps/{namespace}/{app}': { summary: 'An application, its revision and its rollout' },
  'get /v1/apps/{namespace}/{app}/revisions': { summary: 'The revisions of an application, newest first' },
  'get /v1/rollouts/{namespace}/{app}': { summary: 'How far an application has come' },
  'get /v1/services': { summary: 'Services and where they can be reached', query: SCOPE },
  'get /v1/tasks': {
    summary: 'Tasks, and slots that wait for one',
    query: {
      ...SCOPE,
      service: 'of this service',
      node: 'on this node',
      state: 'in this state',
      all: 'true: ended ones, too',
    },
  },
  'get /v1/nodes': { summary: 'Nodes, their state, what they offer and what they have promised' },
  'get /v1/nodes/{node}': { summary: 'A node, what runs there and what waits because of it' },
  'post /v1/nodes/{node}/drain': {
    ...{ summary: 'Have every task of a node replaced elsewhere, and place none there', query: COMMAND },
    ...{ body: JSON_BODY, bodyOptional: true, answer: 202 },
  },
  'post /v1/nodes/{node}/cordon': {
    ...{ summary: 'Place no further task on a node', query: COMMAND },
    ...{ body: JSON_BODY, bodyOptional: true, answer: 202 },
  },
  'post /v1/nodes/{node}/uncordon': {
    ...{ summary: 'Place tasks on a node again', query: COMMAND },
    ...{ body: JSON_BODY, bodyOptional: true, answer: 202 },
  },
  'post /v1/nodes/{node}/lose': {
    ...{ summary: 'Say that a silent node is gone for good: its tasks are placed elsewhere at once', query: COMMAND },
    ...{ body: JSON_BODY, bodyOptional: true, answer: 202 },
  },
  'delete /v1/nodes/{node}': { summary: 'Remove a node for good', query: COMMAND, answer: 202 },
  'post /v1/tokens': { summary: 'A token with which hosts join', body: JSON_BODY, answer: 201 },
  'post /v1/join': { summary: 'Let a host in as a node; the bearer token is that of `tutti token`', body: JSON_BODY },
  'get /v1/rebalance': {
    summary: 'What would be moved to spread tasks more evenly, and what was moved last',
    query: { most: 'how many moves to propose at most' },
  },
  'post /v1/rebalance': {
    ...{ summary: 'Spread tasks more evenly, at once or whenever a node joins', query: COMMAND },
    ...{ body: JSON_BODY, bodyOptional: true, answer: 202 },
  },
  'get /v1/incidents': {
    summary: 'Failures, newest first',
    query: { ...SCOPE, open: 'true: only those not resolved' },
  },
  'get /v1/usage': {
    summary: 'What was used',
    query: { ...SCOPE, by: 'namespace, app or service', from: 'a moment', to: 'a moment' },
  },
  'get /v1/events': {
    summary: 'The history as CloudEvents, oldest first; follows as text/event-stream, resumable with Last-Event-ID',
    query: {
      ...SCOPE,
      ...FOLLOW,
      type: 'such as task.failed',
      resource: 'such as rollout',
      after: 'a sequence',
      limit: '1 to 10000; 1000 where not given',
    },
  },
  'get /v1/logs/{namespace}/{app}': {
    summary: 'Log lines, also of tasks that are gone',
    query: { ...FOLLOW, service: 'of this service', task: 'of this task', tail: 'how many of the last lines' },
  },
  'get /v1/records/{kind}': { summary: 'All records of a kind', query: { namespace: SCOPE.namespace } },
  'get /v1/records/{kind}/{path}': { summary: 'Whole records by name', query: { namespace: SCOPE.namespace } },
  'get /v1/why/{target}': {
    summary: 'Why a task, node, application or service is as it is',
    query: { namespace: SCOPE.namespace },
  },
  'get /v1/status': { summary: 'The whole system on one screen' },
  'get /livez': { summary: 'Whether the gateway runs' },
  'get /readyz': { summary: 'Whether the gateway has its bus' },
  'get /metrics': { summary: 'Metrics in the text format of Prometheus' },
};
