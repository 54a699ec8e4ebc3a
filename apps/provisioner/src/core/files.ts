import type { FileSpec, ServiceSpec } from '@tutti/model';

/** A file of a task's container; what the engine port's ContainerFile says. */
export interface TaskFile {
  target: string;
  data: string;
  uid: number;
  gid: number;
  mode: number;
}

/** Whose a file is: as it says, else the service's user where that is a number, else root. */
export function ownerOf(
  file: Pick<FileSpec, 'uid' | 'gid'>,
  { user = '' }: Pick<ServiceSpec, 'user'>,
): Pick<TaskFile, 'uid' | 'gid'> {
  const [, uid = 0, gid = 0] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(user) ?? [];
  return { uid: file.uid ?? Number(uid), gid: file.gid ?? Number(gid) };
}
