/**
 * Values that are the same for the same key, for the whole process: whoever compares or remembers them by identity, the field encoder for instance, knows
 * them again. What users and peers can name is bounded: beyond `most` keys a value is made each time.
 */
export class Interned<Key, Value> {
  private readonly values = new Map<Key, Value>()

  constructor(
    private readonly make: (key: Key) => Value,
    private readonly most: number
  ) {}

  get(key: Key): Value {
    const known = this.values.get(key)
    if (known !== undefined) return known
    const value = this.make(key)
    if (this.values.size < this.most) this.values.set(key, value)
    return value
  }
}
