/**
 * How consumers pull. A pull is known to the consumer's leader alone: when that server dies, the next one knows nothing of
 * it, and the client asks again once two signs of life are missing. The client's own default, 15 s each, would let every
 * command wait for up to half a minute. Times in milliseconds.
 */
export const PULLING = { expires: 10_000, idle_heartbeat: 1000 } as const;
