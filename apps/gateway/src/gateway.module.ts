import { Module } from '@nestjs/common';
import { Sender } from './commands/sender.js';
import { Submissions } from './commands/submission.js';
import { Docs } from './http/docs.js';
import { EventStreams } from './http/event-stream.js';
import { RecordReader } from './records.service.js';
import { AppsController } from './routes/apps.controller.js';
import { ClusterController } from './routes/cluster.controller.js';
import { CommandsController } from './routes/commands.controller.js';
import { HistoryController } from './routes/history.controller.js';
import { InspectController } from './routes/inspect.controller.js';
import { OpenController } from './routes/open.controller.js';
import { StatusController } from './routes/status.controller.js';

/** HTTP in, the bus out: commands and questions. */
@Module({
  controllers: [
    CommandsController,
    AppsController,
    ClusterController,
    HistoryController,
    InspectController,
    StatusController,
    OpenController,
  ],
  providers: [Sender, Submissions, RecordReader, EventStreams, Docs],
})
export class GatewayModule {}
