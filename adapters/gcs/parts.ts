import type { Part, PartSource } from '../common-store/parts.ts';

/**
 * The same parts, while up to `count` further ones are read from the source. The consumer holds one,
 * so `count + 1` parts are in memory at most.
 */
export async function* readAhead(source: PartSource, count: number): PartSource {
  const coming: Promise<IteratorResult<Part, void>>[] = [];
  while (true) {
    while (coming.length <= count) {
      const step = source.next();
      // It is awaited later, or never when the consumer has left.
      step.catch(() => undefined);
      coming.push(step);
    }
    const step = await coming.shift()!;
    if (step.done === true) return;
    yield step.value;
  }
}
