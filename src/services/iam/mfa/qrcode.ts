import { PNG } from 'pngjs';
import { encodeQR } from 'qr';

/** Pixels per module: large enough for a telephone's camera on any screen. */
const scale = 4;
/** Modules of quiet zone around the symbol, as the standard asks. */
const border = 4;

export interface EnrolledDevice {
  readonly name: string;
  readonly accountId: string;
  /** Base32. */
  readonly seed: string;
}

/** What an authenticator app reads (iam-facts J13). The name may hold characters that mean something in a URI. */
export function enrolmentUri({ name, accountId, seed }: EnrolledDevice): string {
  return `otpauth://totp/${encodeURIComponent(name)}@${accountId}?secret=${seed}`;
}

/** The text as a QR code, as the bytes of a PNG file of black and white pixels. */
export function qrCodePng(text: string): Uint8Array {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border, scale });
  const png = new PNG({ width: rows.length, height: rows.length });
  rows.forEach((row, y) => {
    row.forEach((dark, x) => {
      png.data.fill(dark ? 0 : 255, (y * rows.length + x) * 4, (y * rows.length + x) * 4 + 3);
      png.data[(y * rows.length + x) * 4 + 3] = 255;
    });
  });
  return PNG.sync.write(png, { colorType: 0 });
}
