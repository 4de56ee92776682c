/** How entries are written: methods of one file, types of their own, what starts after what. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { lintApp } from '../../src/app/lint.js';
import { type App, startApp } from '../../src/app.js';
import { AppFolders } from '../support/cli.js';

const files = {
  '_index.yaml': `
version: "1.0"
namespace: shop

entries:
  - name: temporal_client
    kind: temporal.client
    address: "localhost:7233"
    namespace: "default"
    lifecycle:
      auto_start: true

  - name: worker
    kind: temporal.worker
    client: shop:temporal_client
    task_queue: "orders"
    lifecycle:
      auto_start: true
      start_timeout: 60s
      depends_on:
        - shop:temporal_client

  - name: order
    kind: workflow.lua
    source: file://order.lua
    method: run
    modules:
      - funcs
      - time
      - workflow
    meta:
      temporal:
        workflow:
          worker: shop:worker
          name: order_type

  - name: generate_id
    kind: function.lua
    source: file://utils.lua
    method: generate_id
    meta:
      temporal:
        activity:
          worker: shop:worker
          local: true

  - name: price
    kind: function.lua
    source: file://utils.lua
    method: price
    meta:
      temporal:
        activity:
          worker: shop:worker
          name: price_type
`,
  'order.lua': `
local funcs = require("funcs")
local workflow = require("workflow")

local function run(order)
    local id, err = funcs.call("shop:generate_id")
    if err then
        return nil, err
    end
    return {
        made = #id,
        price = funcs.call("shop:price", order.items),
        type = workflow.info().workflow_type,
    }
end

return { run = run }
`,
  'utils.lua': `
local uuid = require("uuid")

local function generate_id()
    return uuid.v4()
end

local function price(items)
    return #items * 10
end

return { generate_id = generate_id, price = price }
`,
};

const folders = new AppFolders();
let dir: string;
let app: App;
beforeAll(async () => {
  dir = await folders.write(files);
  app = await startApp({ dir, skipTime: true, env: {} });
}, 60_000);
afterAll(async () => {
  await app?.stop();
  await folders.remove();
}, 60_000);

it('runs the methods that entries name, under the types that they name', async () => {
  const { exit } = await app.runtime.spawn('shop:order', { args: [{ items: ['lamp', 'desk'] }] });
  expect(await exit).toEqual({ value: { made: 36, price: 20, type: 'order_type' }, error: null });
});

it('is nothing that lint complains of', async () => {
  expect((await lintApp(dir)).findings).toEqual([]);
});
