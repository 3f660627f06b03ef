/** A slip in the protocol: an event that no state of the machine allows here. Never expected. */
export class UnexpectedEventError extends Error {
  override readonly name = 'UnexpectedEventError';

  constructor(machine: string, eventType: string) {
    super(`${machine}: the event "${eventType}" is not allowed here`);
  }
}
