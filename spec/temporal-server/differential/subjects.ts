/** All programs, by what they are about. */
import type { Subject } from './program.js';
import { activities } from './programs/activities.js';
import { attributes } from './programs/attributes.js';
import { batches } from './programs/batches.js';
import { chains } from './programs/chains.js';
import { children } from './programs/children.js';
import { ends } from './programs/ends.js';
import { histories } from './programs/histories.js';
import { lists } from './programs/lists.js';
import { operations } from './programs/operations.js';
import { places } from './programs/places.js';
import { queries } from './programs/queries.js';
import { requests } from './programs/requests.js';
import { resets } from './programs/resets.js';
import { schedules } from './programs/schedules.js';
import { signals } from './programs/signals.js';
import { starts } from './programs/starts.js';
import { tasks } from './programs/tasks.js';
import { updates } from './programs/updates.js';
import { worker } from './programs/worker.js';

export const SUBJECTS: readonly Subject[] = [
  starts,
  signals,
  updates,
  queries,
  ends,
  resets,
  histories,
  children,
  chains,
  tasks,
  activities,
  operations,
  attributes,
  lists,
  schedules,
  batches,
  places,
  requests,
  worker,
];
