import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { replaySandbox } from '../../../src/hosts/temporal/replay/replay.js';
import { luaSource, temporalWorld, WORKER, type World } from '../../support/temporal-world.js';

const workflows = {
  info: `
    local workflow = require("workflow")
    return function()
      local info = workflow.info()
      return {
        id = info.workflow_id, type = info.workflow_type, attempt = info.attempt, namespace = info.namespace,
        length = workflow.history_length(), size = workflow.history_size(),
        started = info.start_time ~= nil and #info.run_id > 0 and #info.task_queue > 0,
      }
    end`,
  version: `
    local workflow = require("workflow")
    return function()
      local first = workflow.version("change", 1, 2)
      process.inbox():receive()
      return { first, workflow.version("change", 1, 2), workflow.version("other", 1, 5) }
    end`,
  unversioned: `return function() process.inbox():receive() return { 1 } end`,
  attrs: `
    local workflow = require("workflow")
    return function(name)
      local ok, err = workflow.attrs({
        search = { [name .. "Word"] = "processing", [name .. "Whole"] = 7, [name .. "Flag"] = true,
                   [name .. "Part"] = 1.5, [name .. "List"] = { "a", "b" } },
        memo = { notes = "priority", deep = { n = 1 } },
      })
      if err then return nil, err end
      ok, err = workflow.attrs({ search = { [name .. "Word"] = "done" } })
      if err then return nil, err end
      ok, err = workflow.attrs({ search = { [name .. "Whole"] = "text" } })
      return err and err:kind()
    end`,
};

const idOf = (pid: string) => pid.slice(WORKER.length + 2, -1);

describe('the workflow module', () => {
  let world: World;
  beforeAll(async () => {
    world = await temporalWorld({ workflows });
  });
  afterAll(() => world.close());

  it('says what the workflow is', async () => {
    const pid = await world.spawn('info');
    const { value } = await world.exitOf(pid);
    expect(value).toMatchObject({
      id: idOf(pid),
      type: 'app:info',
      attempt: 1,
      namespace: 'default',
      length: 3,
      started: true,
    });
    expect((value as { size: number }).size).toBeGreaterThan(0);
  });

  it('sets search attributes that the namespace lacks, and memo fields', async () => {
    const name = `Spec${Date.now()}`;
    const pid = await world.spawn('attrs', [name]);
    expect(await world.exitOf(pid)).toEqual({ value: 'INVALID', error: null });
    const { typedSearchAttributes, memo } = await world.client.client.workflow
      .getHandle(idOf(pid))
      .describe();
    const found = Object.fromEntries(
      typedSearchAttributes.getAll().map(({ key, value }) => [key.name, [key.type, value]]),
    );
    expect(found).toMatchObject({
      [`${name}Word`]: ['KEYWORD', 'done'],
      [`${name}Whole`]: ['INT', 7],
      [`${name}Flag`]: ['BOOL', true],
      [`${name}Part`]: ['DOUBLE', 1.5],
      [`${name}List`]: ['KEYWORD_LIST', ['a', 'b']],
    });
    expect(memo).toMatchObject({ notes: 'priority', deep: { n: 1 } });
  });

  it('sets search attributes at the start that the namespace lacks', async () => {
    const name = `Start${Date.now()}`;
    const options = { 'temporal.workflow.search_attributes': { [name]: 'x' } };
    const pid = await world.spawn('info', [], { options });
    const { typedSearchAttributes } = await world.client.client.workflow
      .getHandle(idOf(pid))
      .describe();
    expect(typedSearchAttributes.getAll()).toEqual([
      { key: { name, type: 'KEYWORD' }, value: 'x' },
    ]);
    await world.exitOf(pid);
  });

  it('gives a new run the newest version of a change, the same one each time', async () => {
    const pid = await world.spawn('version');
    await world.send(pid, 'go', 1);
    expect((await world.exitOf(pid)).value).toEqual([2, 2, 5]);
  });

  /** Replays the history of `recorded` with the source of `replayed` in its place. */
  const replayAs = async (recorded: 'version' | 'unversioned', replayed: string) => {
    const pid = await world.spawn(recorded);
    await world.send(pid, 'go', 1);
    await world.exitOf(pid);
    const history = await world.client.client.workflow.getHandle(idOf(pid)).fetchHistory();
    const app = {
      ...world.app,
      workflows: world.app.workflows.map((w) =>
        w.entry === `app:${recorded}` ? { ...w, source: luaSource(recorded, replayed) } : w,
      ),
    };
    const workflowBundle = await replaySandbox(app, WORKER);
    await Worker.runReplayHistory({ workflowBundle }, history, idOf(pid));
  };

  it('lets a change be added and removed without a recorded run diverging', async () => {
    await replayAs(
      'unversioned',
      workflows.version.replace('return { first', 'return { 1 or first'),
    );
    await replayAs('version', workflows.unversioned);
  });
});
