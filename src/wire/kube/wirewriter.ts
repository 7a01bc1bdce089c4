const firstSize = 64 * 1024;
/** The length of such a text is one byte. */
const shortText = 127;
/** Room for the length of a message before it is known: up to 256 MiB in four bytes, which may be padded. */
const lengthSize = 4;

/**
 * Writes protobuf into one buffer that grows. The length of a nested message is written with padding, so that nothing has
 * to be moved or measured twice. Empty texts and false flags are left out, as proto3 does.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(firstSize);
  #at = 0;

  /** What has been written; the writer is not used any more. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes.subarray(0, this.#at));
  }

  text(field: number, value: string): void {
    if (value === '') return;
    this.#tag(field, 2);
    if (value.length <= shortText && this.#short(value)) return;
    const size = Buffer.byteLength(value);
    this.#varint(size);
    this.#reserve(size);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  /** Most texts are short and ASCII: written here, that takes a third of the time. False when this one is not. */
  #short(value: string): boolean {
    this.#reserve(1 + shortText);
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    bytes[this.#at] = value.length;
    this.#at = at;
    return true;
  }

  flag(field: number, value: boolean): void {
    if (!value) return;
    this.#tag(field, 0);
    this.#varint(1);
  }

  /** A whole number from 0 on; anything else is written as 0. */
  count(field: number, value: number): void {
    this.#tag(field, 0);
    this.#varint(Number.isSafeInteger(value) && value > 0 ? value : 0);
  }

  double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A message whose fields `write` writes; one without fields is still there. */
  message(field: number, write: () => void): void {
    this.#tag(field, 2);
    this.#reserve(lengthSize);
    const start = this.#at;
    this.#at += lengthSize;
    write();
    let length = this.#at - start - lengthSize;
    for (let index = 0; index < lengthSize; index += 1) {
      const more = index < lengthSize - 1 ? 0x80 : 0;
      this.#bytes[start + index] = (length & 0x7f) | more;
      length >>>= 7;
    }
    if (length > 0) throw new RangeError('a message of more than 256 MiB');
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    this.#reserve(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#at++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#at++] = left;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
