import { Module, type DynamicModule } from '@nestjs/common';
import { Plans } from './commands/plans.js';
import { Replies } from './commands/replies.js';
import { Sender } from './commands/sender.js';
import { Submissions } from './commands/submission.js';
import { Docs } from './http/docs.js';
import { EventStreams } from './http/event-stream.js';
import { ENTRANCE, type Entrance } from './join/entrance.js';
import { JoinController } from './join/join.controller.js';
import { RecordReader } from './records.service.js';
import { AppsController } from './routes/apps.controller.js';
import { ClusterController } from './routes/cluster.controller.js';
import { CommandsController } from './routes/commands.controller.js';
import { HistoryController } from './routes/history.controller.js';
import { InspectController } from './routes/inspect.controller.js';
import { NodeCommandsController } from './routes/node-commands.controller.js';
import { NodesController } from './routes/nodes.controller.js';
import { OpenController } from './routes/open.controller.js';
import { RebalanceController } from './routes/rebalance.controller.js';
import { StatusController } from './routes/status.controller.js';
import { TrafficService } from './traffic.service.js';

/** HTTP in, the bus out: commands and questions. */
@Module({
  controllers: [
    CommandsController,
    AppsController,
    NodeCommandsController,
    NodesController,
    RebalanceController,
    ClusterController,
    HistoryController,
    InspectController,
    StatusController,
    OpenController,
    JoinController,
  ],
  providers: [Sender, Replies, Submissions, Plans, RecordReader, EventStreams, Docs, TrafficService],
})
export class GatewayModule {
  /** @param entrance absent where no node can join here */
  static with(entrance: Entrance | undefined): DynamicModule {
    return { module: GatewayModule, providers: [{ provide: ENTRANCE, useValue: entrance }] };
  }
}
