/** A way out of local code that leads nowhere: no environment, no terminal, no chance. */
import { createOutside } from '../../src/hosts/local/outside.js';
import type { Outside } from '../../src/hosts/local/programs.js';
import type { Node } from '../../src/runtime/node.js';

export function quietOutside({ clock, events }: Node): Outside {
  return createOutside({
    env: {},
    events,
    now: () => clock.now(),
    random: () => 0.5,
    print: () => {},
  });
}
