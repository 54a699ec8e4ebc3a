/** What `tutti node` does. */
export const NODE_ACTIONS = ['rm', 'lose'] as const;
export type NodeAction = (typeof NODE_ACTIONS)[number];
