/** How a run against real programs counts; what could not be run is never counted as passed. */
export class RealReport {
  passed = 0;
  failed = 0;
  notRun = 0;
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Runs one check; a throw is a failure with its reason, and the next check goes on. */
  async check(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.passed += 1;
      this.#write(`passed   ${name}`);
    } catch (error) {
      this.failed += 1;
      this.#write(`FAILED   ${name}`);
      for (const line of String((error as Error).message).split('\n'))
        this.#write(`         ${line}`);
    }
  }

  skip(name: string, why: string): void {
    this.notRun += 1;
    this.#write(`NOT RUN  ${name}: ${why}`);
  }

  /** 0: all passed; 1: something failed; 5: nothing failed, but not everything was run. */
  get exitCode(): 0 | 1 | 5 {
    if (this.failed > 0) return 1;
    return this.notRun > 0 || this.passed === 0 ? 5 : 0;
  }
}

/** One set of checks against real programs. */
export interface RealSuite {
  readonly name: string;
  run(report: RealReport): Promise<void>;
}
