/** The format of `string.pack` as a list of fields, read one by one. */
import { raiseArgument } from '../errors.js';
import { type lua_State, raise } from '../vm.js';

/** `char`: of a fixed size; `string`: after its length; `zero`: ended by one; `none`: bytes without a value. */
export type FieldKind = 'int' | 'uint' | 'float' | 'char' | 'string' | 'zero' | 'none';

export interface Field {
  readonly kind: FieldKind;
  /** Bytes of the field; of the length before it, for `string`; 0 for `zero`. */
  readonly size: number;
  /** Bytes before it, so that it is aligned. */
  readonly padding: number;
  readonly little: boolean;
  readonly takesValue: boolean;
}

interface Option {
  readonly kind: FieldKind;
  readonly size: number;
  /** It sets the alignment of `X`, or takes part in alignment itself. */
  readonly aligns: boolean;
}

const FIXED: { readonly [letter: string]: readonly [FieldKind, number] } = {
  b: ['int', 1],
  B: ['uint', 1],
  h: ['int', 2],
  H: ['uint', 2],
  l: ['int', 8],
  L: ['uint', 8],
  j: ['int', 8],
  J: ['uint', 8],
  T: ['uint', 8],
  f: ['float', 4],
  d: ['float', 8],
  n: ['float', 8],
};

const LARGEST = 16;
const DEFAULT_ALIGNMENT = 8;
const NOTHING: Option = { kind: 'none', size: 0, aligns: false };

export class PackLayout {
  private readonly text: string;
  private at = 0;
  private little = true;
  private maxAlign = 1;

  constructor(
    private readonly L: lua_State,
    format: Uint8Array,
  ) {
    this.text = Array.from(format, (byte) => String.fromCharCode(byte)).join('');
  }

  /** The field that comes after `total` bytes; `null` at the end. */
  next(total: number): Field | null {
    if (this.at >= this.text.length) return null;
    const aligner = this.text[this.at] === 'X';
    const option = aligner ? this.aligner() : this.option();
    const padding = option.aligns ? this.padding(option.size, total) : 0;
    const { kind, size } = aligner ? NOTHING : option;
    return { kind, size, padding, little: this.little, takesValue: kind !== 'none' };
  }

  /** `X` aligns as the option after it would, which is not there otherwise. */
  private aligner(): Option {
    this.at++;
    const option = this.at < this.text.length ? this.option() : NOTHING;
    if (option.aligns && option.size > 0) return option;
    return raiseArgument(this.L, 1, "invalid next option for option 'X'");
  }

  private padding(size: number, total: number): number {
    const align = Math.min(size, this.maxAlign);
    if (align <= 1) return 0;
    if ((align & (align - 1)) !== 0) {
      return raiseArgument(this.L, 1, 'format asks for alignment not power of 2');
    }
    return (align - (total % align)) % align;
  }

  private option(): Option {
    const letter = this.text[this.at++] as string;
    const fixed = Object.hasOwn(FIXED, letter) ? FIXED[letter] : undefined;
    if (fixed !== undefined) return { kind: fixed[0], size: fixed[1], aligns: true };
    switch (letter) {
      case 'i':
        return { kind: 'int', size: this.size(4), aligns: true };
      case 'I':
        return { kind: 'uint', size: this.size(4), aligns: true };
      case 's':
        return { kind: 'string', size: this.size(8), aligns: true };
      case 'c':
        return { kind: 'char', size: this.charSize(), aligns: false };
      case 'z':
        return { kind: 'zero', size: 0, aligns: false };
      case 'x':
        return { kind: 'none', size: 1, aligns: false };
      default:
        this.setting(letter);
        return NOTHING;
    }
  }

  private setting(letter: string): void {
    if (letter === '<' || letter === '=') this.little = true;
    else if (letter === '>') this.little = false;
    else if (letter === '!') this.maxAlign = this.size(DEFAULT_ALIGNMENT);
    else if (letter !== ' ') raise(this.L, `invalid format option '${letter}'`);
  }

  /** A size in bytes after an option. */
  private size(otherwise: number): number {
    const size = this.digits() ?? otherwise;
    if (size >= 1 && size <= LARGEST) return size;
    return raise(this.L, `integral size (${size}) out of limits [1,${LARGEST}]`);
  }

  private charSize(): number {
    const size = this.digits();
    if (size === null) return raise(this.L, "missing size for format option 'c'");
    return size <= 2 ** 31 - 1 ? size : raise(this.L, 'format result too large');
  }

  private digits(): number | null {
    const digits = /^\d+/.exec(this.text.slice(this.at, this.at + 20))?.[0];
    if (digits === undefined) return null;
    this.at += digits.length;
    return Number(digits);
  }
}
