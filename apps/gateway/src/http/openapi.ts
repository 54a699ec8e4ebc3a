import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { VERSION } from '@tutti/bus';
import { OPERATIONS } from './operations.js';

/** The OpenAPI document: the routes as Nest has them, with what {@link OPERATIONS} says of each. */
export function describeRoutes(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tutti')
    .setDescription('Applications in, containers out. Errors are problem details (RFC 9457).')
    .setVersion(VERSION)
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, config);
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: PROBLEM } };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of ['get', 'put', 'post', 'delete'] as const) {
      const operation = item[method];
      if (operation) Object.assign(operation, described(`${method} ${path}`, operation));
    }
  }
  return document;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

function described(route: string, operation: Operation): Partial<Operation> {
  const { summary, query = {}, body, bodyOptional, answer = 200 } = OPERATIONS[route] ?? { summary: '' };
  const inPath = (operation.parameters ?? []).filter((parameter) => 'in' in parameter && parameter.in === 'path');
  const inQuery = Object.entries(query).map(([name, description]) => ({
    ...{ name, in: 'query' as const, required: false, description },
    schema: { type: 'string' as const },
  }));
  const problem = {
    description: 'Problem details',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body && {
      requestBody: { required: !bodyOptional, content: Object.fromEntries(body.map((type) => [type, { schema: {} }])) },
    }),
    responses: { [answer]: { description: summary }, default: problem },
  };
}

const PROBLEM = {
  type: 'object' as const,
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' as const },
    title: { type: 'string' as const },
    status: { type: 'integer' as const },
    detail: { type: 'string' as const, description: 'One sentence that says what is wrong and what to do' },
    errors: {
      type: 'array' as const,
      items: {
        type: 'object' as const,
        properties: { path: { type: 'string' as const }, message: { type: 'string' as const } },
      },
    },
  },
};
