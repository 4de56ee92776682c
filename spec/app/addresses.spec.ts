import { describe, expect, it } from '@jest/globals';
import { type AddressFacts, planAddress } from '../../src/app/addresses.js';

const plan = (facts: Partial<AddressFacts>) =>
  planAddress({
    forced: undefined,
    declared: null,
    environment: undefined,
    embeddedAllowed: true,
    skipTime: false,
    production: false,
    ...facts,
  });

describe('the address of a Temporal client', () => {
  it('is the usual local one when nobody names any', () => {
    expect(plan({})).toEqual({ kind: 'local', address: '127.0.0.1:7233', credentials: 'entry' });
  });

  it('may be embedded at a loopback address, and nowhere else', () => {
    expect(plan({ declared: 'localhost:7233' }).kind).toBe('local');
    expect(plan({ declared: '127.0.0.2:7000' }).kind).toBe('local');
    expect(plan({ declared: 'temporal.example.com:7233' }).kind).toBe('remote');
  });

  it('is never embedded where the client forbids it, nor in production', () => {
    expect(plan({ declared: 'localhost:7233', embeddedAllowed: false }).kind).toBe('remote');
    expect(plan({ declared: 'localhost:7233', production: true }).kind).toBe('remote');
  });

  it('comes from the environment only for a client that names none', () => {
    const environment = 'cloud.example.com:7233';
    expect(plan({ environment })).toMatchObject({
      address: environment,
      credentials: 'environment',
    });
    expect(plan({ environment, declared: 'localhost:1' })).toMatchObject({
      address: 'localhost:1',
    });
  });

  it('is what --address says, without credentials that were given for another', () => {
    expect(plan({ forced: 'a:1', declared: 'b:2' })).toEqual({
      kind: 'remote',
      address: 'a:1',
      credentials: 'none',
    });
    expect(plan({ forced: 'a:1', declared: 'a:1' })).toMatchObject({ credentials: 'entry' });
  });

  it('is the app’s own server when time is skipped', () => {
    expect(plan({ skipTime: true, declared: 'cloud.example.com:7233' })).toEqual({
      kind: 'own',
      address: '127.0.0.1:7233',
    });
    expect(plan({ skipTime: true, forced: 'a:1' })).toMatchObject({ kind: 'refused' });
    expect(plan({ skipTime: true, embeddedAllowed: false })).toMatchObject({ kind: 'refused' });
    expect(plan({ skipTime: true, production: true })).toMatchObject({ kind: 'refused' });
    expect(plan({ skipTime: true, declared: 'localhost:9' })).toMatchObject({
      address: 'localhost:9',
    });
  });
});
