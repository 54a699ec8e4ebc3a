/** A message as it goes over TCP: its length, then itself. */
export function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
}

/** Puts messages together from what comes over TCP. What it holds is less than two messages of the largest size. */
export class Framing {
  private held = Buffer.alloc(0);

  take(chunk: Buffer): Buffer[] {
    this.held = Buffer.concat([this.held, chunk]);
    const messages: Buffer[] = [];
    while (this.held.length >= 2 && this.held.length >= 2 + this.held.readUInt16BE(0)) {
      const end = 2 + this.held.readUInt16BE(0);
      messages.push(this.held.subarray(2, end));
      this.held = this.held.subarray(end);
    }
    return messages;
  }
}
