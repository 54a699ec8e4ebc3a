import type { Fault } from '@tutti/model';

/** More than a person reads, less than a message carries. */
const MAX_ENTRIES = 100;

class Entries {
  private readonly entries: Fault[] = [];
  private dropped = 0;

  add(entry: Fault): void {
    if (this.entries.length < MAX_ENTRIES) this.entries.push(entry);
    else this.dropped += 1;
  }

  /** Whether another entry would still be kept; lets a caller spare the work for one that would not. */
  get open(): boolean {
    return this.entries.length < MAX_ENTRIES;
  }

  get any(): boolean {
    return this.entries.length > 0;
  }

  list(): Fault[] {
    return this.dropped === 0 ? [...this.entries] : [...this.entries, { message: `and ${this.dropped} more` }];
  }
}

/** What a reading of a document found: everything that is wrong, and everything that is set aside. */
export class Report {
  readonly faults = new Entries();
  readonly ignored = new Entries();

  fault(path: string, message: string): void {
    this.faults.add({ path, message });
  }

  ignore(path: string, message: string): void {
    this.ignored.add({ path, message });
  }
}
