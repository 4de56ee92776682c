/** Lint: what can be said about the Lua of an app without running it. */
export type { AppFacts, Entry, Language, ModuleWords, Role, Source, Use } from './facts.js';
export { type Finding, placeOf, Severity, sorted } from './finding.js';
export { lint } from './lint.js';
