import { Module, type DynamicModule } from '@nestjs/common';
import type { Connection } from '../connection.js';

/** Injection token of the service's {@link Connection}: `@Inject(BUS) bus: Connection`. */
export const BUS = Symbol('BUS');

/** Gives every provider of a service its connection to the bus. */
@Module({})
export class BusModule {
  static with(connection: Connection): DynamicModule {
    return {
      module: BusModule,
      global: true,
      providers: [{ provide: BUS, useValue: connection }],
      exports: [BUS],
    };
  }
}
