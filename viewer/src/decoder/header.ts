/** The few fields that must be known before the core can be given a place for the stream: SPEC.md, section 2. */

const FIXED = 64;
const CONTRACTION = 16;
const ROW = 20;
const CRC = 4;
const CONTRACTED = 2;

/** Bytes of header, table of sections and checksum; undefined while too few of them are there to tell. */
export function headerSize(start: Uint8Array): number | undefined {
  if (start.length < 16) return undefined;
  const sections = start[14]! | (start[15]! << 8);
  return FIXED + (start[5]! & CONTRACTED ? CONTRACTION : 0) + sections * ROW + CRC;
}

/** Bytes of the stream that begins with this header: where the last section of the table ends. */
export function streamSize(header: Uint8Array): number {
  const size = headerSize(header) ?? 0;
  const sections = header[14]! | (header[15]! << 8);
  if (!sections) return size;
  const row = new DataView(header.buffer, header.byteOffset + size - CRC - ROW, ROW);
  return row.getUint32(4, true) + row.getUint32(8, true);
}
