import { describe, expect, it } from '@jest/globals';
import { Deque } from '../../src/temporal-server/deque.js';
import { Matching } from '../../src/temporal-server/matching.js';

const queue = { namespace: 'default', kind: 'workflow', name: 'q' } as const;

describe('a task queue', () => {
  it('hands tasks to waiting polls in the order they came', () => {
    const matching = new Matching<string>();
    const got: string[] = [];
    matching.wait(queue, '', (task) => got.push(`first ${task}`));
    matching.wait(queue, '', (task) => got.push(`second ${task}`));
    matching.add(queue, 'a');
    matching.add(queue, 'b');
    matching.add(queue, 'c');
    expect(got).toEqual(['first a', 'second b']);
    expect(matching.takeNow(queue, 'me')).toBe('c');
    expect(matching.takeNow(queue, 'me')).toBeUndefined();
  });

  it('gives nothing to a poll that has ended', () => {
    const matching = new Matching<string>();
    const end = matching.wait(queue, '', () => {
      throw new Error('an ended poll got a task');
    });
    end();
    matching.add(queue, 'a');
    expect(matching.backlog(queue)).toBe(1);
  });

  it('puts a task that came back first', () => {
    const matching = new Matching<string>();
    matching.add(queue, 'a');
    matching.add(queue, 'b');
    const task = matching.takeNow(queue, 'me') ?? '';
    matching.giveBack(queue, task);
    expect(matching.takeNow(queue, 'me')).toBe('a');
  });

  it('believes in a poller for a while after its last poll, and not when it has shut', () => {
    let now = 0;
    const matching = new Matching<string>(() => now);
    expect(matching.isAlive(queue)).toBe(false);
    matching.takeNow(queue, 'me');
    now = 9_000;
    expect(matching.isAlive(queue)).toBe(true);
    now = 11_000;
    expect(matching.isAlive(queue)).toBe(false);
    matching.takeNow(queue, 'me');
    matching.add(queue, 'left behind');
    expect(matching.shut(queue)).toEqual(['left behind']);
    expect(matching.isAlive(queue)).toBe(false);
    expect(matching.backlog(queue)).toBe(0);
  });
});

describe('a deque', () => {
  it('keeps its order through many thousands of both ends', () => {
    const deque = new Deque<number>();
    for (let i = 0; i < 10_000; i++) deque.push(i);
    for (let i = 0; i < 5_000; i++) expect(deque.shift()).toBe(i);
    deque.unshift(-1);
    expect(deque.size).toBe(5_001);
    expect(deque.shift()).toBe(-1);
    expect(deque.shift()).toBe(5_000);
    expect([...deque]).toHaveLength(4_999);
  });
});
