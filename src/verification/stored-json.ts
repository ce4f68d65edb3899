/** A value in the JSON in which it is kept, to be shown as it stands: who only hands it on need not read it. */
export class StoredJson<T> {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value itself; so `JSON.stringify` gives what `text` says. */
  toJSON(): T {
    return JSON.parse(this.text) as T;
  }
}
