import type { Leadership, Office } from '@tutti/bus';
import { Reconciler } from '../shell/reconciler.js';

/** A scheduler that plans whoever leads, as one does that was paused and does not know yet that its term is over. */
export class Insistent extends Reconciler {
  /** How often it has looked at an application. */
  looks = 0;

  override view(...args: Parameters<Reconciler['view']>): ReturnType<Reconciler['view']> {
    this.looks++;
    return super.view(...args);
  }

  protected override runFor(office: Office): Pick<Leadership, 'close'> {
    office.begin();
    return { close: () => Promise.resolve(office.end()) };
  }
}
