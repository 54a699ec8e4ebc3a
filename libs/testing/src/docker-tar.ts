const BLOCK = 512;

/** A file with content, or a symbolic link. */
export interface TarEntry {
  /** At most 100 bytes, relative. */
  path: string;
  mode: number;
  content?: Buffer;
  linkTo?: string;
}

/** An archive in POSIX ustar form, as Docker imports it. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header({ path, mode, linkTo }: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long a path for a plain tar header`);
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(linkTo === undefined ? '0' : '2', 156);
  block.write(linkTo ?? '', 157);
  block.write('ustar\0' + '00', 257);
  // The checksum counts its own field as spaces.
  block.write(' '.repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148);
  return block;
}

/** Octal digits and a closing NUL in `width` bytes. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}
