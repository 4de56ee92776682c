/**
 * Lua strings are bytes; JavaScript's are text. Bytes that are valid UTF-8 become a string, all others
 * stay a `Uint8Array`, so that nothing is lost on the way there and back.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeText(text: string): Uint8Array {
  const length = text.length;
  if (length > 64) return encodeLong(text);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return encodeLong(text);
    bytes[i] = code;
  }
  return bytes;
}

/**
 * Inside a workflow sandbox the encoder belongs to the realm outside, and so does what it returns:
 * fengari, which asks `instanceof Uint8Array`, needs an array of its own realm.
 */
const ENCODER_IS_FOREIGN = !(encoder.encode('') instanceof Uint8Array);

function encodeLong(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return ENCODER_IS_FOREIGN ? new Uint8Array(bytes) : bytes;
}

/** The text of `bytes`, or a copy of them where they are not valid UTF-8. */
export function decodeBytes(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length <= 64) {
    const text = asciiOf(bytes);
    if (text !== null) return text;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes.slice(); // not UTF-8: the only thing a fatal decoder throws for
  }
}

/** For messages: what is not UTF-8 shows as U+FFFD. */
export function readable(bytes: Uint8Array): string {
  const text = decodeBytes(bytes);
  return typeof text === 'string' ? text : new TextDecoder().decode(bytes);
}

function asciiOf(bytes: Uint8Array): string | null {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte > 127) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two digits a byte: equal, and ordered, exactly as the bytes are. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] as number];
  return text;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return (parts[0] as Uint8Array).slice();
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
