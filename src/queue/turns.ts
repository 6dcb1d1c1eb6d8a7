/** Lets those with the same key go one after the other, in the order in which they came. */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Waits for its turn; answers how to end it. */
  async take(key: string): Promise<() => void> {
    const before = this.last.get(key);
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.last.set(key, mine);
    await before;
    return () => {
      if (this.last.get(key) === mine) this.last.delete(key);
      release();
    };
  }
}
