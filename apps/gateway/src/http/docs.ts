import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { notFound } from '@tutti/model';

const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tutti</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui' });</script></body>
</html>
`;

/** The description of the routes, and a page to read it. Made when first asked for: it takes memory that few need. */
export class Docs {
  private app?: INestApplication;
  private made?: Promise<object>;

  /** Tells whose routes are described. */
  describe(app: INestApplication): void {
    this.app = app;
  }

  document(): Promise<object> {
    this.made ??= this.make();
    return this.made;
  }

  page(): string {
    return PAGE;
  }

  /** @throws TuttiError `not-found` for any but the few files of the page */
  async asset(file: string): Promise<{ type: string; content: Buffer }> {
    const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
    if (type === undefined) throw notFound('the page has no such file');
    const require = createRequire(import.meta.url);
    const folder = dirname(createRequire(require.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'));
    return { type, content: await readFile(join(folder, file)) };
  }

  private async make(): Promise<object> {
    if (!this.app) throw notFound('there are no routes to describe');
    const { describeRoutes } = await import('./openapi.js');
    return describeRoutes(this.app);
  }
}
