/**
 * What a machine uses and a table cannot do exactly. It is thrown when the machine is compiled, or,
 * for what only a callback of `enqueueActions` can show, at the step that asks for it. Nothing is
 * ever approximated: such a machine runs on XState.
 */
export class CompileRefusal extends Error {
  override readonly name = 'CompileRefusal';
  readonly machine: string;
  /** The state as a path, `active.running`; empty for the machine itself. */
  readonly state: string;
  readonly feature: string;

  constructor(machine: string, state: string, feature: string) {
    const where = state === '' ? `machine "${machine}"` : `machine "${machine}", state "${state}"`;
    super(`${where}: ${feature}; this cannot be compiled to tables, run it on XState`);
    this.machine = machine;
    this.state = state;
    this.feature = feature;
  }
}
