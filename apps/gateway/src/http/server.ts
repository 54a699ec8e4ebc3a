import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { problem } from '../core/problem.js';
import { bearerCheck, isOpen } from './auth.js';
import { observe } from './metrics.js';
import { BadRequest, problemOf, sendProblem } from './problem.filter.js';

/** A command is one message of the bus, whose limit this is. */
export const BODY_LIMIT = 1024 * 1024;

const YAML = ['application/yaml', 'text/yaml', 'application/x-yaml', 'text/x-yaml'];

/** The HTTP server: what it reads, whom it lets in, and how it refuses what never reaches a route. */
export function createAdapter(token: string): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    frameworkErrors: (error: Error, _request: unknown, reply: unknown) =>
      sendProblem(reply as FastifyReply, problemOf(error)),
  });
  const instance = adapter.getInstance();
  readBodies(instance);
  guard(instance, token);
  instance.addHook('onResponse', (request, reply, done) => {
    observe(request.method, request.routeOptions.url ?? 'none', { status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
  return adapter;
}

/** JSON as it is; YAML, which is always a Compose file, as `{ compose: text }`. */
function readBodies(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // A command without parameters may come without a body.
    if (body === '') return done(null, undefined);
    return parseJson(request, String(body), (error, value) =>
      error ? done(new BadRequest(`the body is not JSON: ${error.message}`)) : done(null, value),
    );
  });
  instance.addContentTypeParser(YAML, { parseAs: 'string' }, (_request, body, done) =>
    done(null, { compose: String(body) }),
  );
}

const admitted = new WeakSet<object>();

/** Whether a request shows the token, whether or not its route needs one. */
export const isAdmitted = (request: object): boolean => admitted.has(request);

/** Everything needs the token but what is open, and addresses that lead nowhere. */
function guard(instance: FastifyInstance, token: string): void {
  const admits = bearerCheck(token);
  instance.addHook('onRequest', (request, reply, done) => {
    if (admits(request.headers.authorization)) admitted.add(request);
    if (request.is404 || isOpen(request.routeOptions.url ?? '') || admitted.has(request)) return done();
    return sendProblem(
      reply,
      problem(401, 'send the header Authorization: Bearer TOKEN with the token of this cluster'),
    );
  });
}
