import { corrections, removal } from './core/corrections.js';
import { chainsOf, deserted, type Chains, type FirewallRules } from './core/firewall.js';
import { readSaved, type Saved } from './core/saved.js';
import { run, tryRun } from './tools.js';

const FAMILIES = ['iptables', 'iptables-nft', 'iptables-legacy'] as const;
/** The programs of a firewall: what they are called begins so. */
export type Family = (typeof FAMILIES)[number];

/** Our chains in the host's firewall. */
export class Firewall {
  private told = '';

  constructor(
    readonly chains: Chains,
    private readonly family: Family,
  ) {}

  /**
   * Makes the firewall so, where it is not. Docker puts rules of its own at the head for each network that it makes, and
   * whoever flushes the firewall takes ours along: so it is looked at each time.
   */
  async apply(rules: FirewallRules): Promise<void> {
    const text = JSON.stringify(rules);
    const isTold = text === this.told;
    const saved = await look(this.family);
    await restore(this.family, corrections(rules, { saved, chains: this.chains, isTold }));
    this.told = text;
  }

  /** Takes our chains away. */
  async remove(): Promise<void> {
    this.told = '';
    await restore(this.family, removal(this.chains, await look(this.family)));
  }
}

/** Takes away what agents have left whose networks are gone. @param devices that this host has */
export async function sweepFirewall(family: Family, devices: ReadonlySet<string>): Promise<void> {
  const saved = await look(family);
  for (const mark of deserted(saved, devices)) await restore(family, removal(chainsOf(mark), saved));
}

/**
 * Linux has two firewalls that know nothing of each other, and packets pass both: rules have to stand where Docker's are. A
 * container may bring along another `iptables` than its host uses.
 */
export async function findFamily(): Promise<Family> {
  for (const family of FAMILIES) {
    if ((await tryRun(family, ['-w', '-S', 'DOCKER-USER'])) !== undefined) return family;
  }
  return FAMILIES[0];
}

/** All in one go: each start of a program is dear where many containers start. */
const look = async (family: Family): Promise<Saved> => readSaved(await run(`${family}-save`, []));

async function restore(family: Family, text: string): Promise<void> {
  if (text !== '') await run(`${family}-restore`, ['--wait', '5', '--noflush'], text);
}
