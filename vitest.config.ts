import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["test/support/build-once.ts"],
    include: ["test/**/*.test.ts"],
    // Worker processes: a test that binds ports or builds bundles must not share memory with its neighbours.
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A second, as it would be, is soon over on a busy machine; what is waited for here comes, or the test fails.
    expect: { poll: { timeout: 10_000 } },
    coverage: {
      provider: "v8",
      include: ["lib/**/*.ts", "functions/**/*.ts", "offline/**/*.ts", "cli/**/*.ts"],
      reporter: ["text-summary"],
      thresholds: {
        "lib/token/**": { statements: 100, branches: 100, functions: 100, lines: 100 },
        "lib/issuer/**": { statements: 100, branches: 100, functions: 100, lines: 100 },
        "lib/permission/**": { statements: 100, branches: 100, functions: 100, lines: 100 },
        "lib/gateway/**": { statements: 100, branches: 100, functions: 100, lines: 100 },
      },
    },
  },
});
