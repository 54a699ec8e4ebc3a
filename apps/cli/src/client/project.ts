import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { loadProject, render } from '@tutti/compose';
import { invalid, requireName, toName, type Fault } from '@tutti/model';

const DEFAULT_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const OVERRIDES: Record<string, string[]> = {
  compose: ['compose.override.yaml', 'compose.override.yml'],
  'docker-compose': ['docker-compose.override.yaml', 'docker-compose.override.yml'],
};

export interface ProjectRequest {
  /** As given; the default files of the working directory where empty. */
  files: readonly string[];
  envFiles: readonly string[];
  app?: string;
}

export interface Project {
  app: string;
  /** One file, without references to anything on this machine. */
  compose: string;
  warnings: Fault[];
}

/**
 * Reads the project as it lies on this machine: env files, variables and several files become one document.
 * @throws TuttiError `invalid` with every fault at once
 */
export function readProject({ files, envFiles, app }: ProjectRequest): Project {
  const named = files.length > 0 ? [...files] : defaultFiles();
  const project = loadProject({
    files: named,
    readFile,
    env: process.env,
    ...(envFiles.length > 0 && { envFiles }),
  });
  const folder = basename(resolve(named[0] === '-' ? '.' : dirname(named[0] ?? '.')));
  return {
    app: app === undefined ? (project.name ?? toName(folder, 'app')) : requireName(app, 'application'),
    compose: render(project),
    warnings: project.warnings,
  };
}

/** A file's text. Standard input cannot be read twice, and is not. */
function readFile(path: string): string {
  const bytes = readFileSync(path === '-' ? 0 : path);
  if (isUtf8(bytes)) return bytes.toString();
  throw new Error('it is not UTF-8 text');
}

/** Compose's own lookup: the first of the default names, and its override beside it. */
function defaultFiles(): string[] {
  const found = DEFAULT_FILES.find((name) => existsSync(join(process.cwd(), name)));
  if (!found) {
    throw invalid(`there is no compose.yaml in ${process.cwd()}: name a file with -f, or -f - for standard input`);
  }
  const override = OVERRIDES[found.replace(/\.ya?ml$/, '')]?.find((name) => existsSync(name));
  return override ? [found, override] : [found];
}
