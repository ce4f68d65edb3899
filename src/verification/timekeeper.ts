/** Work that is due by the clock. */
export interface Duty {
  readonly name: string;
  readonly everySeconds: number;
  run(): Promise<unknown>;
}

/**
 * Does each duty again and again, never twice at once; one that fails is told of and done again at its next time.
 * @returns how to stop: resolves when what was running has ended
 */
export function keepTime(
  duties: readonly Duty[],
  onError: (duty: string, error: unknown) => void,
): () => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const timers = duties.map((duty) =>
    setInterval(() => {
      if (running.has(duty.name)) return;
      const turn = Promise.resolve()
        .then(() => duty.run())
        .then(
          () => undefined,
          (error) => onError(duty.name, error),
        )
        .finally(() => running.delete(duty.name));
      running.set(duty.name, turn);
    }, duty.everySeconds * 1000),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running.values());
  };
}
