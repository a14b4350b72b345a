/** Ids of what exists only here; the parameter store's seed registers the APIs under them. */
export const OFFLINE_IDS = {
  account: "123456789012",
  region: "us-east-1",
  restApiId: "offlinerest",
  httpApiId: "offlinehttp",
  websocketApiId: "offlinews",
} as const;
