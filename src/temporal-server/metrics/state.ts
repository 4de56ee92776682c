/** What a server has to do, counted when somebody asks. */
import type { Engine } from '../engine/engine.js';
import type { Family } from './text.js';

export function stateFamilies(engine: Engine): Family[] {
  const queues = [...engine.matching.waiting()].map(({ queue, tasks, polls }) => ({
    labels: { namespace: queue.namespace, task_queue: queue.name, kind: queue.kind },
    tasks,
    polls,
  }));
  const open = 'perdure_server_open_workflows';
  const backlog = 'perdure_server_task_queue_backlog';
  const pollers = 'perdure_server_task_queue_pollers';
  return [
    {
      name: open,
      help: 'Open workflow executions.',
      type: 'gauge',
      samples: [...engine.openRuns()].map(([namespace, value]) => ({
        name: open,
        labels: { namespace },
        value,
      })),
    },
    {
      name: backlog,
      help: 'Tasks that wait for a worker, in queues where a task or a worker waits.',
      type: 'gauge',
      samples: queues.map(({ labels, tasks }) => ({ name: backlog, labels, value: tasks })),
    },
    {
      name: pollers,
      help: 'Polls that wait for a task.',
      type: 'gauge',
      samples: queues.map(({ labels, polls }) => ({ name: pollers, labels, value: polls })),
    },
  ];
}
