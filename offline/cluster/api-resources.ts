/** What `GET /version` says. The release is the one whose answers these are; the build is nobody's. */
export const VERSION = {
  major: "1",
  minor: "34",
  emulationMajor: "1",
  emulationMinor: "34",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "33",
  gitVersion: "v1.34.1+podgate-offline",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "go1.24.6",
  compiler: "gc",
  platform: "linux/amd64",
};

/** What clients that look around find: of all resources, the only one that is here. `undefined` for another path. */
export function apiResources(path: string, server: string): unknown {
  switch (path) {
    case "/api":
      return {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: new URL(server).host }],
      };
    case "/api/v1":
      return {
        kind: "APIResourceList",
        groupVersion: "v1",
        resources: [
          {
            name: "serviceaccounts/token",
            singularName: "",
            namespaced: true,
            group: "authentication.k8s.io",
            version: "v1",
            kind: "TokenRequest",
            verbs: ["create"],
          },
        ],
      };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: [] };
    default:
      return undefined;
  }
}
