import { chainsOf, chainsText, deserted, type Chains, type FirewallRules } from './core/firewall.js';
import { run, tryRun } from './tools.js';

/** Where our chains are entered: at the head of another, since what comes first decides. */
interface Entry {
  table: 'filter' | 'nat';
  chain: string;
  jump: string;
}

/** Our chains in the host's firewall. */
export class Firewall {
  private applied = '';

  constructor(readonly chains: Chains) {}

  /**
   * Makes the firewall so, where it is not. Docker puts rules of its own at the head for each network that it makes, and
   * whoever flushes the firewall takes ours along: so it is looked at each time.
   */
  async apply(rules: FirewallRules): Promise<void> {
    const text = chainsText(rules);
    const entries = (await this.entries()).filter(({ jump }) => text.includes(`:${jump} `));
    if (text !== this.applied || !(await this.allThere(entries))) {
      await run('iptables-restore', ['--wait', '5', '--noflush'], text);
      this.applied = text;
    }
    for (const entry of entries) await enterAtHead(entry);
  }

  /** Takes our chains away. */
  async remove(): Promise<void> {
    this.applied = '';
    for (const { table, chain, jump } of await this.entries()) {
      await tryRun('iptables', ['-w', '-t', table, '-D', chain, '-j', jump]);
    }
    const { forward, input, out, peers, nat, turn } = this.chains;
    for (const [table, names] of [
      ['filter', [forward, input, out, peers]],
      ['nat', [nat, turn]],
    ] as const) {
      for (const name of names) await tryRun('iptables', ['-w', '-t', table, '-F', name]);
      for (const name of names) await tryRun('iptables', ['-w', '-t', table, '-X', name]);
    }
  }

  private async entries(): Promise<Entry[]> {
    const hasDockers = (await tryRun('iptables', ['-w', '-S', 'DOCKER-USER'])) !== undefined;
    return [
      { table: 'filter', chain: hasDockers ? 'DOCKER-USER' : 'FORWARD', jump: this.chains.forward },
      { table: 'filter', chain: 'INPUT', jump: this.chains.input },
      { table: 'nat', chain: 'POSTROUTING', jump: this.chains.nat },
      { table: 'nat', chain: 'PREROUTING', jump: this.chains.turn },
    ];
  }

  private async allThere(entries: readonly Entry[]): Promise<boolean> {
    const found = await Promise.all(entries.map(({ table, jump }) => rulesOf(table, jump)));
    return found.every((rules) => rules !== undefined);
  }
}

/** Takes away what agents have left whose networks are gone. @param devices that this host has */
export async function sweepFirewall(devices: ReadonlySet<string>): Promise<void> {
  const rules = (await tryRun('iptables', ['-w', '-S'])) ?? '';
  for (const mark of deserted(rules, devices)) await new Firewall(chainsOf(mark)).remove();
}

async function enterAtHead({ table, chain, jump }: Entry): Promise<void> {
  const line = `-A ${chain} -j ${jump}`;
  const rules = (await rulesOf(table, chain)) ?? [];
  // Where others of ours stand before it, they are of other nodes on this host.
  const before = rules.slice(0, Math.max(0, rules.indexOf(line)));
  if (rules.includes(line) && before.every((rule) => rule.includes('-j TUTTI-'))) return;
  await run('iptables', ['-w', '-t', table, '-I', chain, '1', '-j', jump]);
  // The new one first, then the old one goes: at no time is there none.
  if (rules.includes(line)) await run('iptables', ['-w', '-t', table, '-D', chain, String(rules.indexOf(line) + 2)]);
}

/** The rules of a chain; undefined where there is no such chain. */
async function rulesOf(table: string, chain: string): Promise<string[] | undefined> {
  const text = await tryRun('iptables', ['-w', '-t', table, '-S', chain]);
  return text?.split('\n').filter((line) => line.startsWith('-A '));
}
