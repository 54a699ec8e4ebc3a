/** A binary heap: what comes before all others is on top. */
export class Heap<T> {
  private readonly items: T[] = [];

  /** @param before whether one item comes before another; a strict order */
  constructor(private readonly before: (a: T, b: T) => boolean) {}

  top(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    const { items } = this;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(item, items[parent] as T)) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the top away. */
  pop(): void {
    const last = this.items.pop();
    if (last !== undefined && this.items.length > 0) this.sink(last);
  }

  private sink(item: T): void {
    const { items } = this;
    for (let at = 0; ;) {
      let child = 2 * at + 1;
      if (child + 1 < items.length && this.before(items[child + 1] as T, items[child] as T)) child++;
      if (child >= items.length || !this.before(items[child] as T, item)) {
        items[at] = item;
        return;
      }
      items[at] = items[child] as T;
      at = child;
    }
  }
}
