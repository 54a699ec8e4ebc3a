// What a run has made on this machine is taken away again whatever happens, Ctrl-C included: the last made first.
const made = [];
let interrupted = false;

/**
 * Runs `work` with what was made, and stops that however it ends.
 * @param {{ stop(): Promise<unknown> }} what
 */
export async function using(what, work) {
  const entry = { stop: once(() => what.stop()) };
  made.push(entry);
  if (made.length === 1) for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    return await work(what);
  } finally {
    await entry.stop();
    made.splice(made.indexOf(entry), 1);
    if (made.length === 0) for (const signal of SIGNALS) process.off(signal, interrupt);
    // What was interrupted does not end as if it were done.
    if (interrupted) await new Promise(() => {});
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'];

function once(work) {
  let running;
  return () => (running ??= work());
}

function interrupt() {
  if (interrupted) return;
  interrupted = true;
  console.error('interrupted: clearing away');
  void clear().finally(() => process.exit(130));
}

async function clear() {
  for (const { stop } of [...made].reverse()) await stop().catch((error) => console.error(error.message));
}
