import { badRequest } from './status.ts';

/** Wire types Kubernetes messages use; groups and fixed widths appear only in fields we skip or refuse. */
export type WireType = 0 | 1 | 2 | 5;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function malformed(detail: string): Error {
  return badRequest(`the protobuf body is malformed: ${detail}`);
}

/**
 * Reads protobuf primitives from a slice, never beyond it. Everything it cannot read exactly is refused with a 400:
 * truncated or overlong varints, lengths past the end, field number 0, group wire types, text that is not UTF-8.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** An unsigned 64-bit varint. */
  varint(): bigint {
    let value = 0n;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw malformed('truncated varint');
      this.#at += 1;
      if (index === 9 && byte > 1) throw malformed('varint is longer than 64 bits');
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw malformed('varint is longer than 64 bits');
  }

  /** Most varints are small: tags, lengths, flags. Falls back to the 64-bit form. */
  #small(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.#at += 1;
      return first;
    }
    const value = this.varint();
    if (value > 0xffff_ffffn) throw malformed('tag or length is too large');
    return Number(value);
  }

  tag(): { readonly number: number; readonly wireType: WireType } {
    const tag = this.#small();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (number === 0) throw malformed('field number 0');
    if (wireType !== 0 && wireType !== 1 && wireType !== 2 && wireType !== 5) {
      throw malformed(`unsupported wire type ${wireType}`);
    }
    return { number, wireType };
  }

  bytes(): Uint8Array {
    const length = this.#small();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('length is past the end');
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw Object.assign(malformed('text is not UTF-8'), { cause });
    }
  }

  /** A signed integer as JSON can hold it exactly. */
  integer(bits: 32 | 64): number {
    const value = BigInt.asIntN(64, this.varint());
    const number = Number(value);
    const fits = bits === 32 ? BigInt.asIntN(32, value) === value : Number.isSafeInteger(number);
    if (!fits) throw malformed('integer is out of range');
    return number;
  }

  /** Eight bytes; NaN and the infinities are no JSON. */
  double(): number {
    const end = this.#at + 8;
    if (end > this.#bytes.length) throw malformed('truncated field');
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, 8).getFloat64(0, true);
    this.#at = end;
    if (!Number.isFinite(value)) throw malformed('number is out of range');
    return value;
  }

  bool(): boolean {
    return this.varint() !== 0n;
  }

  skip(wireType: WireType): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.bytes();
    else {
      this.#at += wireType === 1 ? 8 : 4;
      if (this.#at > this.#bytes.length) throw malformed('truncated field');
    }
  }
}
