import { describe, expect, it } from '@jest/globals';
import { Use } from '../../../src/lua/module.js';
import type { RunOptions } from '../../support/lua.js';
import { refusal, start } from '../../support/modules.js';

const inWorkflow: RunOptions = { use: Use.WORKFLOW };
const run = (body: string, options: RunOptions = {}) => start(body, { ...inWorkflow, ...options });

describe('workflow', () => {
  it('tells about the execution, times as time values', () => {
    const host = run(`local info = workflow.info()
      return { info.workflow_id, info.attempt, info.start_time:unix(), info.run_start_time < time.now() }`);
    expect(host.requests).toEqual([{ op: 'workflow_info' }]);
    host
      .turn(10_000)
      .answer({ workflow_id: 'w1', attempt: 2, start_time: 5000, run_start_time: 6000 });
    expect(host.value).toEqual(['w1', 2, 5, true]);
  });

  it('tells how long its history is', () => {
    const onAsk = () => ({
      value: { history_length: 12, history_size: 3456 },
      ok: true,
      error: null,
    });
    const host = run('return { workflow.history_length(), workflow.history_size() }', { onAsk });
    expect(host.value).toEqual([12, 3456]);
  });

  it.each(['exec', 'call'])('runs a child with %s and waits for it', (name) => {
    const host = run(`return workflow.${name}("app:child", { id = 1 })`, { context: { t: 1 } });
    expect(host.requests).toEqual([
      {
        op: 'workflow_exec',
        entry: 'app:child',
        values: [{ id: 1 }],
        context: { t: 1 },
        options: {},
      },
    ]);
    expect(host.answer('result').value).toBe('result');
  });

  it('asks for the version of a change', () => {
    const host = run('return workflow.version("payment-v2", 1, 2)');
    expect(host.requests).toEqual([{ op: 'version', change: 'payment-v2', min: 1, max: 2 }]);
    expect(host.answer(2).value).toBe(2);
    expect(refusal('workflow.version("x", 3, 2)', inWorkflow)).toMatch(
      /^INVALID: .*\(max_supported\).*from 3 to 1000, got 2/,
    );
  });

  it('sets search attributes and memo', () => {
    const host = run(
      'return workflow.attrs({ search = { status = "new", total = 5 }, memo = {} })',
    );
    expect(host.requests).toEqual([
      { op: 'attributes', search: { status: 'new', total: 5 }, memo: {} },
    ]);
    expect(host.answer(null).value).toBe(true);
    expect(refusal('workflow.attrs({ serach = {} })', inWorkflow)).toMatch(/"serach"/);
    expect(refusal('workflow.attrs({ remove = { memo = "a" } })', inWorkflow)).toMatch(
      /remove\.memo.*list of names/,
    );
    expect(refusal('workflow.attrs({ search = { 1, 2 } })', inWorkflow)).toMatch(/\(search\)/);
  });

  it('keeps what answers queries and updates, and refuses what cannot', () => {
    const host = run(`
      local first = workflow.on_query("state", function() return 1 end)
      return first, workflow.on_update("change", print, print)`);
    expect(host.value).toBe(true);
    expect([...host.kernel.handlers.queries.keys()]).toEqual(['state']);
    expect(host.kernel.handlers.updates.get('change')?.validate).not.toBeNull();
    expect(refusal('workflow.on_query("", print)', inWorkflow)).toMatch(
      /\(name\) must not be empty/,
    );
    expect(refusal('workflow.on_query("x")', inWorkflow)).toMatch(/\(fn\) must be a function/);
    expect(refusal('workflow.on_update("x", print, 1)', inWorkflow)).toMatch(
      /\(validator\) must be a function/,
    );
    for (const name of ['__temporal_x', '__stack_trace', 'perdure.status'])
      expect(refusal(`workflow.on_query("${name}", print)`, inWorkflow)).toMatch(/reserved name/);
  });

  it('is refused outside workflows', () => {
    const host = start('return require("workflow")');
    expect(host.error?.kind).toBe('PERMISSION_DENIED');
  });
});
