interface Sink {
  write(text: string): unknown;
}

/**
 * Writes the lines of one turn of the event loop at once, in their order: a write takes longer than all else about a line, and
 * under load many are due. None is lost when the process ends by itself; one that is killed loses those of one turn.
 */
export class LineWriter {
  private due: { sink: Sink; text: string }[] = [];

  constructor() {
    // First of all: what comes after may end the process at once.
    process.prependListener('exit', () => {
      this.flush();
    });
  }

  write(sink: Sink, line: string): void {
    if (this.due.length === 0)
      setImmediate(() => {
        this.flush();
      });
    const last = this.due.at(-1);
    if (last?.sink === sink) last.text += `${line}\n`;
    else this.due.push({ sink, text: `${line}\n` });
  }

  private flush(): void {
    const { due } = this;
    this.due = [];
    for (const { sink, text } of due) sink.write(text);
  }
}
