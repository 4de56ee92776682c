/**
 * Workflows that call functions, wait, and undo what they did: the order with its durable pause, compensation
 * in reverse, and what a caller learns of a failure.
 */
import { describe, expect, it } from '@jest/globals';
import { describeSamples } from '../support/sample-app.js';

const activities = {
  charge: `return function(request)
    if request.amount > 100 then return nil, errors.new("PERMISSION_DENIED", "limit reached") end
    return { id = "pay-" .. request.customer }
  end`,
  refund: 'return function(id) return "refunded " .. id end',
  ship: `return function(request)
    if request.address == "" then return nil, errors.new({ kind = "INVALID", message = "no address", retryable = false }) end
    return { tracking_number = "trk-" .. request.order_id }
  end`,
  reserve: `return function(items)
    if #items == 0 then return nil, errors.new("INVALID", "nothing to reserve") end
    return { id = "res-" .. #items }
  end`,
  release: 'return function(id) return "released " .. id end',
  crashes: 'return function() error("boiler burst") end',
  sometimes: `return function(input)
    return nil, errors.new({ kind = "UNAVAILABLE", message = "closed today", retryable = input.again })
  end`,
  absent:
    'return function(input) return nil, errors.new("NOT_FOUND", "order not found: " .. input.id) end',
  note: 'return function(entry) return { noted = entry.error, of = entry.workflow_id } end',
  rollback: 'return function(entry) return "rolled back " .. entry.transaction end',
};

const workflows = {
  /** Pay, wait an hour, ship; give the money back where shipping fails. */
  order: `
    local funcs = require("funcs")
    local time = require("time")
    local function main(order)
      local paid, err = funcs.call("app:charge", { amount = order.total, customer = order.customer })
      if err then return { status = "failed", error = tostring(err) } end
      time.sleep("1h")
      local parcel, lost = funcs.call("app:ship", { order_id = order.id, address = order.address })
      if lost then
        local undone = funcs.call("app:refund", paid.id)
        return { status = "failed", error = tostring(lost), undone = undone }
      end
      return { status = "completed", payment = paid.id, tracking = parcel.tracking_number }
    end
    return { main = main }`,
  /** The steps done so far are undone in reverse; the undoing stands above its use. */
  saga: `
    local funcs = require("funcs")
    local function undo(steps)
      local undone = {}
      for _, step in ipairs(steps) do
        table.insert(undone, (funcs.call(step.action, step.args)))
      end
      return undone
    end
    local function main(order)
      local steps = {}
      local reservation, err = funcs.call("app:reserve", order.items)
      if err then return { status = "failed", step = "reserve", error = tostring(err) } end
      table.insert(steps, 1, { action = "app:release", args = reservation.id })
      local payment, declined = funcs.call("app:charge", order.payment)
      if declined then
        return { status = "failed", step = "charge", error = tostring(declined), undone = undo(steps) }
      end
      table.insert(steps, 1, { action = "app:refund", args = payment.id })
      local parcel, lost = funcs.call("app:ship", order.shipping)
      if lost then
        return { status = "failed", step = "ship", error = tostring(lost), undone = undo(steps) }
      end
      return { status = "completed", tracking = parcel.tracking_number }
    end
    return { main = main }`,
  /** What the error of a call says of itself. */
  failing: `
    return function(entry, input, options)
      local calls = funcs.new()
      if options then calls = calls:with_options(options) end
      local result, err = calls:call(entry, input)
      if not err then return result end
      return { result = result, kind = err:kind(), retryable = err:retryable() or false, message = err:message() }
    end`,
  /** Writes the failure down, rolls back, and says so. */
  recovering: `
    return function(input)
      local result, err = funcs.call("app:absent", input)
      if err then
        local noted = funcs.call("app:note", { workflow_id = workflow.info().workflow_id, error = tostring(err), input = input })
        local back = funcs.call("app:rollback", { transaction = input.id })
        return { status = "failed", noted = noted.noted, same = noted.of == process.id(), back = back }
      end
      return { status = "completed", result = result }
    end`,
};

describeSamples('orders', { activities, workflows }, (app) => {
  describe('an order that is a workflow', () => {
    const order = { id: 'o-1', total: 40, customer: 'ada', address: 'Lane 1' };

    it('pays, waits for an hour and ships', async () => {
      expect(await app().run('order', order)).toEqual({
        status: 'completed',
        payment: 'pay-ada',
        tracking: 'trk-o-1',
      });
    });

    it('says why it was not paid', async () => {
      expect(await app().run('order', { ...order, total: 400 })).toEqual({
        status: 'failed',
        error: 'limit reached',
      });
    });

    it('gives the money back where it cannot be shipped', async () => {
      expect(await app().run('order', { ...order, address: '' })).toEqual({
        status: 'failed',
        error: 'no address',
        undone: 'refunded pay-ada',
      });
    });
  });

  describe('steps that are undone', () => {
    const order = {
      items: ['lamp', 'desk'],
      payment: { amount: 40, customer: 'ada' },
      shipping: { order_id: 'o-2', address: 'Lane 1' },
    };

    it('are not where all went well', async () => {
      expect(await app().run('saga', order)).toEqual({ status: 'completed', tracking: 'trk-o-2' });
    });

    it.each<[string, object, object]>([
      ['nothing was done', { items: [] }, { step: 'reserve', error: 'nothing to reserve' }],
      [
        'one was',
        { payment: { amount: 400, customer: 'ada' } },
        { step: 'charge', error: 'limit reached', undone: ['released res-2'] },
      ],
      [
        'two were, the last one first',
        { shipping: { order_id: 'o-2', address: '' } },
        { step: 'ship', error: 'no address', undone: ['refunded pay-ada', 'released res-2'] },
      ],
    ])('are those that were done: %s', async (_name, change, outcome) => {
      expect(await app().run('saga', { ...order, ...change })).toEqual({
        status: 'failed',
        ...outcome,
      });
    });
  });

  describe('the failure of a function', () => {
    it('has a kind, a message, and says whether trying again may help', async () => {
      expect(await app().run('failing', 'app:absent', { id: 'o-9' })).toEqual({
        kind: 'NOT_FOUND',
        retryable: false,
        message: 'order not found: o-9',
      });
      const closed = { kind: 'UNAVAILABLE', message: 'closed today' };
      expect(await app().run('failing', 'app:sometimes', { again: false })).toEqual({
        ...closed,
        retryable: false,
      });
    });

    it('comes after as many attempts as the policy allows', async () => {
      const once = { 'activity.retry_policy': { maximum_attempts: 1 } };
      expect(await app().run('failing', 'app:crashes', {}, once)).toEqual({
        kind: 'INTERNAL',
        retryable: false,
        message: expect.stringContaining('boiler burst'),
      });
      expect(await app().run('failing', 'app:sometimes', { again: true }, once)).toMatchObject({
        kind: 'UNAVAILABLE',
        retryable: true,
      });
    });

    it('can be written down and rolled back by further calls', async () => {
      expect(await app().run('recovering', { id: 'tx-1' })).toEqual({
        status: 'failed',
        noted: 'order not found: tx-1',
        same: true,
        back: 'rolled back tx-1',
      });
    });
  });
});
