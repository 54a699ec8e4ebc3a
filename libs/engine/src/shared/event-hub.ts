import { Observable, Subject } from 'rxjs';
import type { ContainerEvent, EngineEvent, EventOptions } from '../port/events.js';

/** Hands events to whoever follows, with a connection that can be cut. */
export class EventHub {
  private readonly events = new Subject<EngineEvent>();
  private connected = true;

  constructor(private readonly now: () => string) {}

  emit(event: ContainerEvent): void {
    if (this.connected) this.events.next(event);
  }

  /** What happens from here on is lost, as for an engine out of reach. */
  disconnect(reason: string): void {
    if (!this.connected) return;
    this.connected = false;
    this.events.next({ type: 'disconnected', at: this.now(), reason });
  }

  reconnect(): void {
    if (this.connected) return;
    this.connected = true;
    this.events.next({ type: 'connected', at: this.now() });
  }

  close(): void {
    this.events.complete();
  }

  watch({ labels = {}, signal }: EventOptions): Observable<EngineEvent> {
    return new Observable((subscriber) => {
      const follow = this.events.subscribe({
        next: (event) => {
          if (!('labels' in event) || hasLabels(event.labels, labels)) subscriber.next(event);
        },
        complete: () => subscriber.complete(),
      });
      const end = (): void => subscriber.complete();
      signal?.addEventListener('abort', end, { once: true });
      subscriber.add(follow);
      subscriber.add(() => signal?.removeEventListener('abort', end));
      // As with a real engine, the first word comes after the subscription is made.
      queueMicrotask(() => {
        if (signal?.aborted) subscriber.complete();
        else if (this.connected) subscriber.next({ type: 'connected', at: this.now() });
      });
    });
  }
}

/** Whether all of `wanted` are there; an empty value asks only for the key. */
export function hasLabels(labels: Record<string, string>, wanted: Record<string, string> = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => (value === '' ? key in labels : labels[key] === value));
}
