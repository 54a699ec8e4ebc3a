import { corrections, removal } from './core/corrections.js';
import { chainsOf, deserted, type Chains, type FirewallRules } from './core/firewall.js';
import { readSaved, type Saved } from './core/saved.js';
import { run } from './tools.js';

/** Our chains in the host's firewall. */
export class Firewall {
  private told = '';

  constructor(readonly chains: Chains) {}

  /**
   * Makes the firewall so, where it is not. Docker puts rules of its own at the head for each network that it makes, and
   * whoever flushes the firewall takes ours along: so it is looked at each time.
   */
  async apply(rules: FirewallRules): Promise<void> {
    const text = JSON.stringify(rules);
    const isTold = text === this.told;
    await restore(corrections(rules, { saved: await look(), chains: this.chains, isTold }));
    this.told = text;
  }

  /** Takes our chains away. */
  async remove(): Promise<void> {
    this.told = '';
    await restore(removal(this.chains, await look()));
  }
}

/** Takes away what agents have left whose networks are gone. @param devices that this host has */
export async function sweepFirewall(devices: ReadonlySet<string>): Promise<void> {
  const saved = await look();
  for (const mark of deserted(saved, devices)) await restore(removal(chainsOf(mark), saved));
}

/** All in one go: each start of a program is dear where many containers start. */
const look = async (): Promise<Saved> => readSaved(await run('iptables-save', []));

async function restore(text: string): Promise<void> {
  if (text !== '') await run('iptables-restore', ['--wait', '5', '--noflush'], text);
}
