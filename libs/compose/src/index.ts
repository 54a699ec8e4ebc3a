export { serviceDigest, withContents } from './digest.js';
export { loadProject, type LoadOptions, type ResolvedProject } from './loader.js';
export { parseCompose, type ParsedCompose, type ParseOptions } from './parse.js';
export { render } from './render.js';
