/**
 * What a step asks of the world, in order. Reused for many steps: `clear` only sets the count back,
 * because an array that is emptied gives its memory away and asks for it again at the next step.
 */
export class Requests<Request> implements Iterable<Request> {
  /** Valid up to `count`; what lies behind is left over from longer steps. */
  readonly items: Request[] = [];
  count = 0;

  add(request: Request): void {
    this.items[this.count] = request;
    this.count += 1;
  }

  clear(): void {
    this.count = 0;
  }

  toArray(): Request[] {
    return this.items.slice(0, this.count);
  }

  *[Symbol.iterator](): IterableIterator<Request> {
    for (let at = 0; at < this.count; at += 1) yield this.items[at] as Request;
  }
}
