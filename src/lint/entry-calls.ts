/** Calls that name an entry of the app, or a host, by a text that stands there. */
import type { Place } from './finding.js';
import { textOf } from './origin.js';
import type { Subject } from './subject.js';
import { type Expression, placeOfNode } from './syntax.js';

interface Named extends Place {
  readonly name: string;
}

export interface EntryCall {
  /** The function that is called: `funcs.call`, `process.spawn`. */
  readonly callee: string;
  readonly kind: 'function' | 'process';
  readonly topLevel: boolean;
  readonly entry: Named | null;
  readonly host: Named | null;
}

const FUNCTION = /^funcs\.(new\(\):)?(call|async)$/;
const CHILD = /^(workflow\.(exec|call)|process\.upgrade)$/;
const SPAWN = /^process\.(with_\w+\(\):)?(spawn\w*|exec)$/;

export function entryCalls(subject: Subject): EntryCall[] {
  return subject.names.calls.flatMap(({ node, args, topLevel }) => {
    const callee = subject.origin(node.base);
    if (callee === null) return [];
    const spawns = SPAWN.test(callee);
    const isFunction = FUNCTION.test(callee);
    if (!spawns && !isFunction && !CHILD.test(callee)) return [];
    return [
      {
        callee,
        kind: isFunction ? 'function' : 'process',
        topLevel,
        entry: named(args[0]),
        host: spawns ? named(args[1]) : null,
      },
    ];
  });
}

function named(node: Expression | undefined): Named | null {
  const name = textOf(node);
  return node === undefined || name === null ? null : { ...placeOfNode(node), name };
}
