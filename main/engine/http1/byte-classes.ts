/** Classes of bytes in HTTP/1.1 heads (RFC 9110 section 5.6.2, RFC 9112), as tables: 1 where a byte belongs. */

function table(belongs: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0));
}

const letterOrDigit = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));
const oneOf =
  (characters: string) =>
  (byte: number): boolean =>
    byte < 0x80 && characters.includes(String.fromCharCode(byte));

/** `token`: methods and field names. */
export const isToken = table((byte) => letterOrDigit(byte) || oneOf("!#$%&'*+-.^_`|~")(byte));

/** Field values: visible, space, tab and the bytes above ASCII; never control bytes. */
export const isFieldByte = table((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));

/**
 * Request targets. Wider than RFC 3986, because clients send `|`, `{`, `"` and raw UTF-8 and servers accept them; but no
 * space, no control byte, and no `#`, which two parsers could cut at different places.
 */
export const isTargetByte = table((byte) => byte > 0x20 && byte !== 0x7f && byte !== 0x23);

/** Registered names in `Host`, but for escapes. No comma, though RFC 3986 allows it: it would begin a list. */
export const isHostNameByte = table((byte) => letterOrDigit(byte) || oneOf("-._~!$&'()*+;=")(byte));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const hexValue = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;
