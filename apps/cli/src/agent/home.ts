import { mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readJson, writeJson } from '../up/data-dir.js';

/** Where an agent keeps who it is. */
export interface AgentHome {
  root: string;
  /** Holds the pid of the agent that runs here. */
  lock: string;
  log: string;
  credentials: string;
  membership: string;
}

/** What a host has been told when it joined. */
export interface Membership {
  node: string;
  cluster: string;
  /** Where it reaches the bus. */
  servers: string[];
  /** The gateway that let it in. */
  gateway: string;
  /** This host's own address on the way there. */
  address?: string;
}

/** The folder that holds every agent's; each has one under its node's name. */
function agentsDir(data?: string): string {
  return resolve(data ?? process.env.TUTTI_DATA ?? join(homedir(), '.tutti'), 'agents');
}

/** @param data the option; else `$TUTTI_DATA`, else `.tutti` in the home folder */
export function agentHome(node: string, data?: string): AgentHome {
  const root = join(agentsDir(data), node);
  const at = (name: string): string => join(root, name);
  return {
    root,
    lock: at('agent.pid'),
    log: at('agent.log'),
    credentials: at('node.creds'),
    membership: at('membership.json'),
  };
}

/** The nodes whose agents have a folder here. */
export function agentNames(data?: string): string[] {
  try {
    return readdirSync(agentsDir(data));
  } catch {
    return [];
  }
}

export function makeAgentHome({ root }: AgentHome): void {
  mkdirSync(root, { recursive: true, mode: 0o700 });
}

/** What it was told when it joined; undefined where it has not yet. */
export function membershipOf({ membership }: AgentHome): Membership | undefined {
  return readJson<Membership | undefined>(membership, undefined);
}

export function keepMembership({ membership }: AgentHome, told: Membership): void {
  writeJson(membership, told);
}
