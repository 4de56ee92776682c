/**
 * The children of one supervisor by number: those of its configuration and those that came later. The
 * numbers are what its decisions (`runtime/supervisor/strategy.ts`) speak of.
 */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import {
  type ChildSpec,
  Restart,
  Strategy,
  type SupervisorRules,
  type SupervisorSpec,
} from '../../runtime/supervisor/index.js';

export class ChildSpecs {
  readonly rules: SupervisorRules;
  /** What the children of a `simple_one_for_one` are made after; `null` with other strategies. */
  readonly template: ChildSpec | null;
  private readonly specs: ChildSpec[];
  /** Numbers that another child may have: the children of a template have no order. */
  private readonly free: number[] = [];

  constructor(spec: SupervisorSpec) {
    const simple = spec.strategy === Strategy.SIMPLE_ONE_FOR_ONE;
    this.template = simple ? (spec.children[0] ?? null) : null;
    this.specs = simple ? [] : [...spec.children];
    this.rules = { ...spec, children: this.specs };
  }

  at(child: number): ChildSpec {
    const spec = this.specs[child];
    if (spec === undefined) throw new RangeError(`there is no child ${child}`);
    return spec;
  }

  /** @returns its number, from now on. */
  add(spec: ChildSpec): number {
    const child = this.free.pop() ?? this.specs.length;
    this.specs[child] = spec;
    return child;
  }

  /**
   * A child like the template, with further arguments.
   * @throws PerdureError INVALID where they are no list.
   */
  likeTemplate(template: ChildSpec, args: unknown): ChildSpec {
    if (Array.isArray(args)) return { ...template, values: [...template.values, ...args] };
    throw new PerdureError(
      ErrorKind.INVALID,
      'start_child of a simple_one_for_one supervisor takes a list of further arguments',
    );
  }

  /** The child is gone for good: nothing of it is kept but what late news of it need. */
  forget(child: number): void {
    const { id, durable } = this.at(child);
    this.specs[child] = { ...GONE, id, durable };
    if (this.template !== null) this.free.push(child);
  }
}

/** What is left of a child that is gone. */
const GONE: ChildSpec = Object.freeze({
  id: '',
  kind: 'worker',
  entry: '',
  host: '',
  values: [],
  name: null,
  restart: Restart.TEMPORARY,
  shutdown: 0,
  significant: false,
  durable: false,
});
