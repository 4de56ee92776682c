import { describe, expect, it } from '@jest/globals';
import { perdure } from '../support/cli.js';

describe('examples/01-hello', () => {
  it('greets everybody, reads the EXIT of the greeter, and prints what that returned', async () => {
    const { code, stdout } = await perdure(['run', 'examples/01-hello', '-x', 'app:hello']);
    expect(stdout).toMatch(/^Hello, Joe!\nHello, Robert!\nHello, Mike!\n/);
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual({ greeted: 3 });
    expect(code).toBe(0);
  });

  it('greets those whom --input names', async () => {
    const names = ['--input', '"Ada"', '--input', '"Grace"'];
    const args = ['run', 'examples/01-hello', '-x', 'app:hello', '--json', ...names];
    const { code, stdout, stderr } = await perdure(args);
    expect(stderr).toContain('Hello, Ada!\nHello, Grace!\n');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, value: { greeted: 2 } });
    expect(code).toBe(0);
  });
});
