import { Controller, Module } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { optionsFromEnv, runMain, startService, subjects } from '@tutti/bus';
import type { IncidentRecord } from '@tutti/model';

/** A new concern is a small Nest app: this one tells the person on call of each incident. */
@Controller()
class Pager {
  @EventPattern<string>(subjects.events('*', 'incident.>'))
  async page(@Payload() incident: IncidentRecord | null): Promise<void> {
    // Null: the record was removed.
    if (!incident || incident.resolvedAt) return;
    // Acknowledged after this has succeeded; when it throws, the event comes again, and at last it is a dead letter.
    await notify(`${incident.app ?? incident.node}: ${incident.cause}`);
  }
}

async function notify(text: string): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write(`PAGE ${text}\n`, () => resolve()));
}

@Module({ controllers: [Pager] })
class PagerModule {}

await runMain(() => startService(PagerModule, { ...optionsFromEnv('pager'), description: 'Pages on incidents' }));
