/** What spawners and executors carry along: context and options, each immutable and merged in chains. */
import type { Value } from '../../core/payload.js';
import type { Context } from '../../core/signal.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { Options } from '../../kernel/request.js';

export class CallSettings {
  static readonly NONE = new CallSettings({}, {});

  private constructor(
    private readonly context: Context,
    readonly options: Options,
  ) {}

  withContext(context: Context): CallSettings {
    return new CallSettings({ ...this.context, ...context }, this.options);
  }

  withOptions(options: { readonly [name: string]: Value }): CallSettings {
    return new CallSettings(this.context, { ...this.options, ...canonical(options) });
  }

  /** The complete context of what is started: the starter's own, with these additions. */
  contextFrom(kernel: Kernel): Context {
    return { ...kernel.context, ...this.context };
  }
}

const SHORT_NAME = /^(activity|workflow)\./;

/** `activity.x` and `temporal.activity.x` are one option; hosts only ever see the full name. */
function canonical(options: { readonly [name: string]: Value }): Options {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      SHORT_NAME.test(name) ? `temporal.${name}` : name,
      value,
    ]),
  );
}
