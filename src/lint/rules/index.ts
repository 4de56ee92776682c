/** Every rule, in the order of the documentation. */
import type { Rule } from '../subject.js';
import { noActivity } from './no-activity.js';
import { shortWait } from './short-wait.js';
import { undefinedGlobal } from './undefined-global.js';
import { unknownEntry } from './unknown-entry.js';
import { unknownField } from './unknown-field.js';
import { unlistedModule } from './unlisted-module.js';
import { useBeforeDefinition } from './use-before-definition.js';
import { workflowClock } from './workflow-clock.js';
import { workflowGlobal } from './workflow-global.js';
import { workflowRandom } from './workflow-random.js';

export const RULES: readonly Rule[] = [
  undefinedGlobal,
  useBeforeDefinition,
  unknownField,
  unlistedModule,
  unknownEntry,
  noActivity,
  shortWait,
  workflowGlobal,
  workflowClock,
  workflowRandom,
];
