/** What a person may ask of a node's engine. In a file of its own: the options of every verb name it. */
export const ENGINE_WISHES = ['docker', 'process', 'auto'] as const;
export type EngineWish = (typeof ENGINE_WISHES)[number];
