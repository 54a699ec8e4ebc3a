import type { RuntimeSpec } from '@tutti/model';
import type { HostConfig } from 'dockerode';

/** Settings that Docker takes as they are, under its own names. */
export function runtimeSettings(runtime: RuntimeSpec): HostConfig {
  return {
    Privileged: runtime.privileged,
    ReadonlyRootfs: runtime.readOnly,
    Init: runtime.init,
    CapAdd: runtime.capAdd,
    CapDrop: runtime.capDrop,
    SecurityOpt: runtime.securityOpt,
    Sysctls: runtime.sysctls,
    Ulimits: runtime.ulimits && ulimits(runtime.ulimits),
    ShmSize: runtime.shmSizeBytes,
    ExtraHosts: runtime.extraHosts,
    Dns: runtime.dns,
    DnsSearch: runtime.dnsSearch,
    GroupAdd: runtime.groupAdd,
    Devices: runtime.devices?.map(({ host, container, permissions }) => ({
      PathOnHost: host,
      PathInContainer: container,
      CgroupPermissions: permissions,
    })),
    DeviceRequests: runtime.deviceRequests?.map(({ driver, count, capabilities, options }) => ({
      Driver: driver,
      Count: count,
      Capabilities: [capabilities],
      Options: options,
    })),
    OomScoreAdj: runtime.oomScoreAdj,
    PidMode: runtime.pidMode,
    IpcMode: runtime.ipcMode,
  };
}

function ulimits(limits: NonNullable<RuntimeSpec['ulimits']>): HostConfig['Ulimits'] {
  return Object.entries(limits).map(([name, { soft, hard }]) => ({ Name: name, Soft: soft, Hard: hard }));
}
