import { describe, expect, it } from '@jest/globals';
import { EntryKind, registryJsonSchema } from '../../src/registry/index.js';

const schema = JSON.parse(JSON.stringify(registryJsonSchema()));
const entries: { properties: Record<string, Record<string, unknown>>; required: string[] }[] =
  schema.properties.entries.items.anyOf.map((entry: { $ref?: string }) =>
    entry.$ref === undefined ? entry : schema.$defs[entry.$ref.replace('#/$defs/', '')],
  );

const ofKind = (kind: EntryKind) => entries.find((entry) => entry.properties.kind?.const === kind);

describe('registryJsonSchema', () => {
  it('has one schema for each kind, with the fields as they are written', () => {
    expect(entries.map((entry) => entry.properties.kind?.const).sort()).toEqual(
      Object.values(EntryKind).sort(),
    );
    expect(Object.keys(ofKind('temporal.worker')?.properties ?? {})).toEqual(
      expect.arrayContaining(['name', 'kind', 'meta', 'client', 'task_queue', 'worker_options']),
    );
    expect(ofKind('temporal.worker')?.required).toEqual(['name', 'kind', 'client', 'task_queue']);
  });

  it('refuses unknown fields and durations without a unit', () => {
    expect(schema.additionalProperties).toBe(false);
    expect(ofKind('temporal.client')).toMatchObject({ additionalProperties: false });
    const durations = JSON.stringify(schema).match(/"pattern":"\^\(0\|[^"]*"/g);
    expect(durations?.length).toBeGreaterThan(0);
    const pattern = new RegExp(JSON.parse(`{${durations?.[0]}}`).pattern);
    expect(['10s', '1h30m', '1.5ms', '0'].every((text) => pattern.test(text))).toBe(true);
    expect(['10', 'soon', '', 's', '-1s'].some((text) => pattern.test(text))).toBe(false);
  });

  it('says what fields are for', () => {
    expect(ofKind('temporal.client')?.properties.address?.description).toContain('host:port');
  });
});
