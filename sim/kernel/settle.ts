/** Waits until promise chains that are already under way have come to rest. */
export type Settle = () => Promise<void>;

/**
 * Node and Bun empty the whole queue of microtasks (and Node its `nextTick` queue, which streams
 * use) before they take the next macrotask. A promise chain of any length that waits only for
 * promises is therefore finished when a `setImmediate` set after it fires: one turn is exact, not
 * a guess. A chain that goes through a `setImmediate` itself needs one turn more for each; two
 * turns allow for one. What waits for sockets, files or threads is not covered by any number of
 * turns: such a world does not belong on the virtual clock.
 */
export function createSettle(turns = 2): Settle {
  if (!Number.isSafeInteger(turns) || turns < 1) {
    throw new RangeError(`settling needs at least one turn, not ${turns}`);
  }
  return async () => {
    for (let turn = 0; turn < turns; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
}
