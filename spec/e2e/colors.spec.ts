import { describe, expect, it } from '@jest/globals';
import { perdure } from '../support/cli.js';

const ESCAPE = '\u001b[';
const failing = ['run', 'no-such-folder'];

describe('colours of `perdure run`', () => {
  it('are left out where stderr is not a terminal, on a CI server too', async () => {
    const { stderr } = await perdure(failing, { env: { CI: 'true', NO_COLOR: '' } });
    expect(stderr).toContain('no-such-folder');
    expect(stderr).not.toContain(ESCAPE);
  });

  it('are there with --color', async () => {
    const { stderr } = await perdure([...failing, '--color'], { env: { NO_COLOR: '' } });
    expect(stderr).toContain(ESCAPE);
  });

  it('are left out with NO_COLOR, whatever else is said', async () => {
    const { stderr } = await perdure([...failing, '--color'], { env: { NO_COLOR: '1' } });
    expect(stderr).not.toContain(ESCAPE);
  });
});
