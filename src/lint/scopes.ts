/**
 * Who means what: one walk through a tree, after which every name is known to be a local or a global, and
 * every call and field is listed in the order of the text.
 *
 * 1. A local is visible from the end of its statement to the end of its block; a `local function` within
 *    itself too; the locals of a `repeat` in its condition too.
 * 2. A use of a global remembers the first local of its name that is declared further down in a block
 *    around it: then the local was meant.
 */
import type { Place } from './finding.js';
import {
  type CallExpression,
  type Expression,
  type FunctionDeclaration,
  type Identifier,
  type MemberExpression,
  placeOfNode,
  type Statement,
  type Tree,
} from './syntax.js';

export interface Local {
  readonly name: string;
  readonly at: Place;
  readonly isFunction: boolean;
  /** What it was given where it was declared, where that is one expression of its own. */
  readonly value: Expression | null;
  /** True once something is assigned to it. */
  changed: boolean;
}

/** A place in the text where something of a rule's interest stands. */
interface Use {
  readonly at: Place;
  /** True outside of all functions: it runs when the source is loaded, whatever is called later. */
  readonly topLevel: boolean;
}

export interface GlobalUse extends Use {
  readonly name: string;
  readonly written: boolean;
  /** The local of that name that is declared too late for this use. */
  later: Local | null;
}

export interface FieldUse extends Use {
  readonly node: MemberExpression;
  readonly written: boolean;
}

export interface Call extends Use {
  readonly node: CallExpression;
  readonly args: readonly Expression[];
}

export interface Names {
  readonly globals: readonly GlobalUse[];
  readonly fields: readonly FieldUse[];
  readonly calls: readonly Call[];
  /** The local that an identifier stands for; `undefined` for a global. */
  localOf(node: Identifier): Local | undefined;
}

/** Walks the whole tree. */
export function resolveNames(tree: Tree): Names {
  const walk = new Walk();
  walk.chunk(tree);
  return walk;
}

class Block {
  readonly locals = new Map<string, Local>();
  /** Uses of globals in this block and those inside it. */
  readonly uses: GlobalUse[] = [];

  constructor(readonly around: Block | null) {}

  find(name: string): Local | undefined {
    return this.locals.get(name) ?? this.around?.find(name);
  }
}

class Walk implements Names {
  readonly globals: GlobalUse[] = [];
  readonly fields: FieldUse[] = [];
  readonly calls: Call[] = [];
  private readonly locals = new Map<Identifier, Local>();
  private block = new Block(null);
  private depth = 0;

  localOf(node: Identifier): Local | undefined {
    return this.locals.get(node);
  }

  chunk(tree: Tree): void {
    this.statements(tree.body);
  }

  private inBlock(work: () => void): void {
    const inner = new Block(this.block);
    this.block = inner;
    work();
    this.block = inner.around as Block;
    this.block.uses.push(...inner.uses);
  }

  private body(statements: readonly Statement[], declare: () => void = () => {}): void {
    this.inBlock(() => {
      declare();
      this.statements(statements);
    });
  }

  private statements(list: readonly Statement[]): void {
    for (const statement of list) this.statement(statement);
  }

  private declare(node: Identifier, value: Expression | null, isFunction = false): Local {
    const { name } = node;
    const local = { name, at: placeOfNode(node), isFunction, value, changed: false };
    this.block.locals.set(name, local);
    this.locals.set(node, local);
    for (const use of this.block.uses) {
      if (use.name === name) use.later ??= local;
    }
    return local;
  }

  private statement(node: Statement): void {
    switch (node.type) {
      case 'LocalStatement':
        this.expressions(node.init);
        node.variables.forEach((variable, i) => {
          const value = node.init[i] ?? null;
          this.declare(variable, value, value?.type === 'FunctionDeclaration');
        });
        return;
      case 'AssignmentStatement':
        this.expressions(node.init);
        for (const target of node.variables) this.target(target);
        return;
      case 'CallStatement':
        this.expression(node.expression);
        return;
      case 'FunctionDeclaration':
        if (node.isLocal) this.declare(node.identifier as Identifier, null, true);
        else if (node.identifier !== null) this.target(node.identifier);
        this.functionBody(node);
        return;
      case 'ReturnStatement':
        this.expressions(node.arguments);
        return;
      case 'IfStatement':
        for (const clause of node.clauses) {
          if (clause.type !== 'ElseClause') this.expression(clause.condition);
          this.body(clause.body);
        }
        return;
      case 'WhileStatement':
        this.expression(node.condition);
        this.body(node.body);
        return;
      case 'DoStatement':
        this.body(node.body);
        return;
      case 'RepeatStatement':
        this.inBlock(() => {
          this.statements(node.body);
          this.expression(node.condition);
        });
        return;
      case 'ForNumericStatement':
        this.expressions([node.start, node.end]);
        if (node.step !== null) this.expression(node.step);
        this.body(node.body, () => this.declare(node.variable, null));
        return;
      case 'ForGenericStatement':
        this.expressions(node.iterators);
        this.body(node.body, () => {
          for (const variable of node.variables) this.declare(variable, null);
        });
        return;
      case 'LabelStatement':
      case 'BreakStatement':
      case 'GotoStatement':
        return;
    }
  }

  /** What is assigned to. */
  private target(node: Expression): void {
    if (node.type === 'Identifier') {
      this.name(node, true);
      return;
    }
    if (node.type !== 'MemberExpression') {
      this.expression(node);
      return;
    }
    this.fields.push({ node, written: true, ...this.use(node.identifier) });
    this.expression(node.base);
  }

  private functionBody(node: FunctionDeclaration): void {
    const owner = node.identifier;
    this.depth++;
    this.body(node.body, () => {
      if (owner?.type === 'MemberExpression' && owner.indexer === ':') {
        this.declare({ ...owner.identifier, name: 'self' }, null);
      }
      for (const parameter of node.parameters) {
        if (parameter.type === 'Identifier') this.declare(parameter, null);
      }
    });
    this.depth--;
  }

  private expressions(list: readonly Expression[]): void {
    for (const node of list) this.expression(node);
  }

  private expression(node: Expression): void {
    switch (node.type) {
      case 'Identifier':
        this.name(node, false);
        return;
      case 'FunctionDeclaration':
        this.functionBody(node);
        return;
      case 'BinaryExpression':
      case 'LogicalExpression':
        this.expression(node.left);
        this.expression(node.right);
        return;
      case 'UnaryExpression':
        this.expression(node.argument);
        return;
      case 'MemberExpression':
        this.expression(node.base);
        this.fields.push({ node, written: false, ...this.use(node.identifier) });
        return;
      case 'IndexExpression':
        this.expression(node.base);
        this.expression(node.index);
        return;
      case 'CallExpression':
      case 'StringCallExpression':
      case 'TableCallExpression':
        this.call(node);
        return;
      case 'TableConstructorExpression':
        for (const field of node.fields) {
          if (field.type === 'TableKey') this.expression(field.key);
          this.expression(field.value);
        }
        return;
      case 'StringLiteral':
      case 'NumericLiteral':
      case 'BooleanLiteral':
      case 'NilLiteral':
      case 'VarargLiteral':
        return;
    }
  }

  private call(node: CallExpression): void {
    const args = argumentsOf(node);
    this.expression(node.base);
    this.calls.push({ node, args, ...this.use(node) });
    this.expressions(args);
  }

  private name(node: Identifier, written: boolean): void {
    const local = this.block.find(node.name);
    if (local !== undefined) {
      this.locals.set(node, local);
      local.changed ||= written;
      return;
    }
    const use = { name: node.name, written, later: null, ...this.use(node) };
    this.globals.push(use);
    this.block.uses.push(use);
  }

  private use(node: Expression): Use {
    return { at: placeOfNode(node), topLevel: this.depth === 0 };
  }
}

function argumentsOf(node: CallExpression): readonly Expression[] {
  switch (node.type) {
    case 'CallExpression':
      return node.arguments;
    case 'StringCallExpression':
      return [node.argument];
    case 'TableCallExpression':
      return [node.arguments];
  }
}
