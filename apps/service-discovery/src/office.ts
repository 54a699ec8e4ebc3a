import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { BUS, Candidacy, type Connection, type Standing } from '@tutti/bus';

/** What a part of service discovery does when this instance becomes the one that writes. */
export type TakeOver = () => void;

/** The office that the parts of service discovery hold together: it is run for once all have their picture. */
@Injectable()
export class DiscoveryOffice implements Standing, OnModuleDestroy {
  private readonly candidacy: Candidacy;
  private readonly parts = new Set<TakeOver>();
  private readonly ready = new Set<TakeOver>();

  constructor(@Inject(BUS) bus: Connection) {
    const begin = (): void => this.parts.forEach((takeOver) => takeOver());
    this.candidacy = new Candidacy(bus, 'service-discovery', { begin, end: () => undefined });
  }

  get leads(): boolean {
    return this.candidacy.leads;
  }

  /** Takes a part in, before any picture can be complete. @returns to be called when the part's picture is complete */
  join(takeOver: TakeOver): () => void {
    this.parts.add(takeOver);
    return () => {
      this.ready.add(takeOver);
      if (this.ready.size === this.parts.size) this.candidacy.stand();
    };
  }

  async onModuleDestroy(): Promise<void> {
    await this.candidacy.close();
  }
}
