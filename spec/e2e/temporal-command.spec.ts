import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, expect, it } from '@jest/globals';
import { AppFolders, AUTO_START, index, luaEntry, startPerdure } from '../support/cli.js';
import { describeWithTemporal, freePort, temporalBinary } from '../support/servers.js';

const run = promisify(execFile);
const folders = new AppFolders();
afterAll(() => folders.remove());

const APPROVAL = `
local workflow = require("workflow")
return { main = function(order)
  workflow.attrs({ search = { status = "waiting" } })
  local note = ""
  workflow.on_query("note", function(mark) return note .. mark end)
  workflow.on_update("note", function(text) note = text return #text end, function(text)
    if text == "" then return nil, "a note needs text" end
  end)
  local msg = process.inbox():receive()
  return { topic = msg:topic(), by = msg:payload():data().by, order = order.id }
end }`;

describeWithTemporal('the temporal command, on the embedded server of a running app', () => {
  it('starts, lists, describes, signals and shows a Lua workflow', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const dir = await folders.write({
      '_index.yaml': index(
        `name: client\nkind: temporal.client\naddress: "${address}"\n${AUTO_START}`,
        `name: worker\nkind: temporal.worker\nclient: client\ntask_queue: q\n${AUTO_START}`,
        luaEntry(
          'approval',
          'workflow.lua',
          'modules: [workflow]\nmeta:\n  temporal:\n    workflow:\n      worker: worker',
        ),
      ),
      'approval.lua': APPROVAL,
    });
    const app = startPerdure(['run', dir]);
    await app.waitFor(/is running/);
    const temporal = async (...args: readonly string[]) =>
      (await run(temporalBinary() ?? 'temporal', [...args, '--address', address])).stdout;

    const id = ['--workflow-id', 'a-1'];
    await temporal(
      ...['workflow', 'start', '--type', 'app:approval', '--task-queue', 'q', ...id],
      ...['--input', '{"id":7}'],
    );
    expect(await temporal('workflow', 'list')).toMatch(/Running\s+a-1\s+app:approval/);
    expect(await temporal('workflow', 'describe', ...id)).toMatch(/TaskQueue\s+q/);
    const noteIt = (text: string) =>
      temporal(
        ...['workflow', 'update', 'execute', ...id, '--name', 'note'],
        ...['--input', JSON.stringify(text)],
      );
    expect(await noteIt('soon')).toMatch(/Result\s+4/);
    await expect(noteIt('')).rejects.toThrow(/a note needs text/);
    const query = ['workflow', 'query', ...id];
    expect(await temporal(...query, '--name', 'note', '--input', '"!"')).toContain('"soon!"');
    expect(await temporal(...query, '--type', 'perdure.status')).toContain('approval.lua:');
    await temporal(
      ...['workflow', 'signal', ...id, '--name', 'approve', '--input', '{"by":"grace"}'],
    );
    expect(await temporal('workflow', 'result', ...id)).toContain('"topic":"approve"');
    const shown = await temporal('workflow', 'show', ...id);
    expect(shown).toMatch(/WorkflowExecutionSignaled/);
    expect(shown).toMatch(/UpsertWorkflowSearchAttributes/);
    expect(shown).toMatch(/WorkflowExecutionCompleted/);

    app.process.kill('SIGINT');
    expect((await app.ended).code).toBe(130);
  }, 60_000);
});
