/** A whole order: checked on the spot, paid and shipped over HTTP, with its state there for everybody to search. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeSamples, idOf } from '../support/sample-app.js';

const workflows = {
  order: `
    local funcs, time = require("funcs"), require("time")
    local workflow, errors = require("workflow"), require("errors")
    local function enter(status) return workflow.attrs({ search = { ShopStatus = status } }) end
    local function main(order, shop)
      workflow.attrs({ search = { ShopStatus = "validating", ShopCustomer = order.customer } })
      local valid, err = funcs.call("app:validate", order)
      if err then
        enter("rejected")
        return { status = "rejected", error = tostring(err) }
      end
      enter("charging")
      local payment, declined = funcs.call("app:charge", { amount = order.total, customer = order.customer, shop = shop })
      if declined then
        enter("payment_failed")
        return { status = "payment_failed", error = tostring(declined), kind = declined:kind() }
      end
      enter("awaiting_fulfillment")
      time.sleep("1h")
      enter("shipping")
      local parcel, lost = funcs.call("app:ship", { order = order.id, address = order.address, shop = shop })
      if lost then
        funcs.call("app:refund", payment.id)
        enter("shipping_failed")
        return { status = "shipping_failed", error = tostring(lost) }
      end
      enter("completed")
      return { status = "completed", payment_id = payment.id, tracking = parcel.tracking }
    end
    return { main = main }`,
};

const localActivities = {
  validate: `return function(order)
    if order.total <= 0 then return nil, errors.new({ kind = errors.INVALID, message = "nothing to pay" }) end
    return true
  end`,
};

/** Posts to the shop's own server; what it refuses is an error of the program's choosing. */
const post = (what: string, field: string) => `
  local http_client, json = require("http_client"), require("json")
  return function(request)
    local response, err = http_client.post(request.shop .. "${what}", {
      body = json.encode(request), headers = { ["content-type"] = "application/json" }, timeout = "5s",
    })
    if err then return nil, err end
    if response.status ~= 200 then
      return nil, errors.new({ kind = errors.CONFLICT, message = response:json().reason, retryable = false })
    end
    return { ${field} = json.decode(response.body).${field} }
  end`;

const activities = {
  charge: post('charge', 'id'),
  ship: post('ship', 'tracking'),
  refund: 'return function(id) print("refunded " .. id) end',
};

let server: Server;
let shop: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const order = JSON.parse(body) as { amount?: number; address?: string; order?: string };
      const refused = Number(order.amount) > 100 || order.address === 'nowhere';
      const answer = refused
        ? { reason: 'refused by the shop' }
        : { id: 'pay-1', tracking: `trk-${order.order}` };
      response.writeHead(refused ? 409 : 200).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  shop = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
});

describeSamples('the shop', { workflows, activities, localActivities }, (app) => {
  const order = { id: 'o-1', customer: 'ada', total: 40, address: 'Lane 1' };

  it.each<[object, object]>([
    [{}, { status: 'completed', payment_id: 'pay-1', tracking: 'trk-o-1' }],
    [{ total: 0 }, { status: 'rejected', error: 'nothing to pay' }],
    [{ total: 400 }, { status: 'payment_failed', error: 'refused by the shop', kind: 'CONFLICT' }],
    [{ address: 'nowhere' }, { status: 'shipping_failed', error: 'refused by the shop' }],
  ])('takes an order with %j to %j', async (change, outcome) => {
    const pid = await app().spawn('order', [{ ...order, ...change }, shop]);
    expect(await app().end(pid)).toEqual(outcome);
    const { typedSearchAttributes } = await app()
      .client.client.workflow.getHandle(idOf(pid))
      .describe();
    const attributes = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]);
    expect(Object.fromEntries(attributes)).toEqual({
      ShopStatus: (outcome as { status: string }).status,
      ShopCustomer: 'ada',
    });
  });

  it('gave money back once', () => {
    expect(app().printed).toEqual(['refunded pay-1']);
  });
});
