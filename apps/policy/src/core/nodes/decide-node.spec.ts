import { describe, expect, it } from '@jest/globals';
import { NODE_VERBS, type Availability, type Liveness, type NodeVerb } from '@tutti/model';
import fc from 'fast-check';
import { decideNode } from './decide-node.js';
import type { KnownNode, NodeCommand } from './node-command.js';

const NOW = '2026-01-01T00:00:00.000Z';

const command = (verb: NodeVerb, over: Partial<NodeCommand> = {}): NodeCommand => ({
  ...{ namespace: 'cluster', command: 'c1', verb, node: 'n1' },
  ...over,
});

function known(availability: Availability, liveness: Liveness = 'up', tasks = 0): KnownNode {
  const wanted = { node: 'n1', availability, command: 'c0', updatedAt: NOW };
  return { node: { availability, liveness, tasks }, ...(availability !== 'active' && { wanted }), names: [] };
}

const reasonOf = (verb: NodeVerb, node: KnownNode): string | undefined =>
  decideNode(command(verb), node, NOW)?.outcome.reasons[0]?.message;

describe('commands on nodes', () => {
  it('change what is wanted, once', () => {
    const decision = decideNode(command('drain', { reason: 'new disk' }), known('active'), NOW);
    expect(decision?.outcome).toMatchObject({ status: 'accepted', changed: true, node: 'n1', verb: 'drain' });
    expect(decision?.availability).toMatchObject({ availability: 'drained', reason: 'new disk', command: 'c1' });
    const again = decideNode(command('drain'), known('drained'), NOW);
    expect(again).toMatchObject({ outcome: { status: 'accepted', changed: false } });
    expect(again?.availability).toBeUndefined();
  });

  it('are not decided twice', () => {
    const outcome = { ...{ namespace: 'cluster', command: 'c1', verb: 'drain', status: 'accepted' as const } };
    const answered = { ...outcome, reasons: [], ignored: [], changed: true, at: NOW };
    expect(decideNode(command('drain'), { ...known('active'), outcome: answered }, NOW)).toBeUndefined();
  });

  it('name the nodes that there are when there is no such node', () => {
    expect(reasonOf('drain', { names: ['a', 'b'] })).toBe('there is no node n1: the nodes are a and b');
    expect(reasonOf('drain', { names: [] })).toBe('there is no node n1: none has joined');
  });

  it('remove only what is down, or drained and empty', () => {
    expect(reasonOf('remove', known('active'))).toContain('n1 is up: drain it first');
    expect(reasonOf('remove', known('cordoned'))).toContain('n1 is up: drain it first');
    expect(reasonOf('remove', known('drained', 'up', 2))).toContain('still being drained, 2 of its tasks');
    expect(reasonOf('remove', known('active', 'missing'))).toContain('tutti node lose n1');
    expect(reasonOf('remove', known('drained', 'up', 0))).toBeUndefined();
    expect(reasonOf('remove', known('active', 'down', 7))).toBeUndefined();
    expect(reasonOf('remove', known('lost', 'missing', 7))).toBeUndefined();
  });

  it('take only what is silent for lost, and that back only by uncordon', () => {
    expect(reasonOf('lose', known('active'))).toContain('it is not lost');
    expect(reasonOf('lose', known('active', 'missing'))).toBeUndefined();
    expect(reasonOf('drain', known('lost', 'down'))).toContain('tutti uncordon n1');
    expect(reasonOf('drain', known('lost', 'up'))).toBeUndefined();
    expect(reasonOf('uncordon', known('lost', 'down'))).toBeUndefined();
  });

  it('write down that one which came back is cordoned, or active, in place of removed', () => {
    const back = { ...known('cordoned'), wanted: { ...known('removed').wanted!, availability: 'removed' as const } };
    expect(decideNode(command('cordon'), back, NOW)?.availability).toMatchObject({ availability: 'cordoned' });
    expect(decideNode(command('uncordon'), back, NOW)?.availability).toMatchObject({ availability: 'active' });
  });

  it('are accepted or refused with a reason, and changing nothing when repeated, whatever the node is like', () => {
    const availability = fc.constantFrom<Availability>('active', 'cordoned', 'drained', 'lost');
    const liveness = fc.constantFrom<Liveness>('up', 'down', 'missing', 'returning');
    fc.assert(
      fc.property(fc.constantFrom(...NODE_VERBS), availability, liveness, fc.nat(3), (verb, ...node) => {
        const decision = decideNode(command(verb), known(...node), NOW);
        expect(decision?.outcome.status === 'accepted').toBe(decision?.outcome.reasons.length === 0);
        if (!decision?.availability) return;
        const [, alive, tasks] = node;
        const next = known(decision.availability.availability, alive, tasks);
        const then = decideNode(command(verb, { command: 'c2' }), { ...next, wanted: decision.availability }, NOW);
        expect(then?.availability).toBeUndefined();
      }),
    );
  });
});
