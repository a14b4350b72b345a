import type { Companion } from "../companion.ts";
import { HOST } from "../service-changes.ts";
import { orderCommands } from "./order-commands.ts";
import { startSampleService } from "./service.ts";

/** The sample service as a part of the offline stack: an external service, and the STS that functions ask. */
export const sampleCompanion: Companion = {
  ports: ["service"],
  async start(ports) {
    const service = await startSampleService({ port: ports.service });
    return {
      variables: { service: service.url },
      environment: { AWS_ENDPOINT_URL_STS: service.stsUrl },
      [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
    };
  },
  places: ({ gateway, service }) => [
    ["sample service", `http://${HOST}:${service}`],
    ["external calls", `http://${HOST}:${gateway}/services/{echo,header,basic,oauth2,sigv4}/...`],
    ["", `with a token for the audience http://${HOST}:${gateway}`],
  ],
  commands: orderCommands,
};
