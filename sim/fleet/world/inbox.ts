/**
 * What happens at this very instant, one after the other: a machine is never stepped in the middle
 * of another's step.
 */
export class Inbox {
  #tasks: (() => void)[] = [];
  #next = 0;

  push(task: () => void): void {
    this.#tasks.push(task);
  }

  drain(): void {
    while (this.#next < this.#tasks.length) {
      const task = this.#tasks[this.#next] as () => void;
      this.#next += 1;
      task();
    }
    if (this.#next > 0) {
      this.#tasks.length = 0;
      this.#next = 0;
    }
  }
}
