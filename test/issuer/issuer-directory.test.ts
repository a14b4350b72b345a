import { describe, expect, test } from "vitest";
import { GatewayError, isRefusal } from "../../lib/errors.ts";
import { IssuerDirectory, type IssuerDirectoryOptions } from "../../lib/issuer/issuer-directory.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import type { IssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { ManualClock } from "../support/manual-clock.ts";
import {
  codeOf,
  ecKey,
  failing,
  ISSUER_URL,
  issuerWith,
  Publisher,
  recordOf,
  START,
  settled,
  storedWith,
} from "./support.ts";

const k1 = ecKey("k1").jwk;
const OTHER_URL = "https://other.example";

function setUp(options: Partial<IssuerDirectoryOptions> = {}) {
  const clock = new ManualClock(START);
  const publisher = new Publisher().publish([k1]);
  const stored = new Map<string, IssuerRecord>([[ISSUER_URL, recordOf(issuerWith())]]);
  const reads: string[] = [];
  const store = { outage: undefined as Error | undefined };
  const directory = new IssuerDirectory({
    source: {
      read: async (url) => {
        reads.push(url);
        if (store.outage !== undefined) throw store.outage;
        return stored.get(url);
      },
    },
    fetchJson: publisher.fetchJson,
    clock,
    allowLoopbackHttp: false,
    documentsMaxAgeSeconds: 60,
    documentsMaxStaleSeconds: 300,
    keysMaxAgeSeconds: 300,
    keysMaxStaleSeconds: 7200,
    holdoff: { until: 0 },
    onStale: () => {},
    onStaleKeys: () => {},
    onKeysUsed: () => {},
    ...options,
  });
  const find = async (url: string = ISSUER_URL) => directory.find(urlOf(directory, url));
  const verifyOne = async (url: string = ISSUER_URL) => directory.markVerified(await found(find(url)));
  return { clock, publisher, stored, reads, store, directory, find, verifyOne };
}

function urlOf(directory: IssuerDirectory, text: string): IssuerUrl {
  const url = directory.readUrl(text);
  if (isRefusal(url)) throw new Error(url.code);
  return url;
}

async function found(finding: ReturnType<IssuerDirectory["find"]>): Promise<IssuerRecord> {
  const record = await finding;
  if (isRefusal(record)) throw new Error(record.code);
  return record;
}

const refusalOf = async (finding: ReturnType<IssuerDirectory["find"]>) => {
  const record = await finding;
  return isRefusal(record) ? record.code : "found";
};

describe("`iss` of a token", () => {
  test.for([
    { iss: ISSUER_URL, allowLoopbackHttp: false, outcome: ISSUER_URL },
    { iss: "http://127.0.0.1:4100/dev", allowLoopbackHttp: true, outcome: "http://127.0.0.1:4100/dev" },
    { iss: "http://127.0.0.1:4100/dev", allowLoopbackHttp: false, outcome: "ISSUER_MALFORMED" },
    { iss: [ISSUER_URL], allowLoopbackHttp: false, outcome: "ISSUER_MALFORMED" },
  ])("$iss, loopback $allowLoopbackHttp: $outcome, and nothing is read", ({ iss, allowLoopbackHttp, outcome }) => {
    const { directory, reads } = setUp({ allowLoopbackHttp });
    const url = directory.readUrl(iss);

    expect(isRefusal(url) ? url.code : url).toBe(outcome);
    expect(reads).toHaveLength(0);
  });
});

describe("the document that is stored for an issuer", () => {
  test.for([
    { what: "its own", document: {}, outcome: "found" },
    { what: "none", document: undefined, outcome: "ISSUER_UNKNOWN" },
    { what: "another issuer's", document: { url: OTHER_URL }, outcome: "ISSUER_DOCUMENT_MISMATCH" },
    { what: "its own with a slash", document: { url: `${ISSUER_URL}/` }, outcome: "ISSUER_DOCUMENT_MISMATCH" },
    { what: "disabled", document: { disabled: true }, outcome: "ISSUER_DISABLED" },
    { what: "another's, disabled", document: { url: OTHER_URL, disabled: true }, outcome: "ISSUER_DOCUMENT_MISMATCH" },
  ])("$what: $outcome, and no issuer is asked (S9)", async ({ document, outcome }) => {
    const { find, stored, publisher } = setUp();
    if (document === undefined) stored.clear();
    else stored.set(ISSUER_URL, recordOf(issuerWith(document)));

    expect(await refusalOf(find())).toBe(outcome);
    expect(publisher.asked).toHaveLength(0);
  });

  test("that cannot be read is no decision for this issuer, and none of another's business", async () => {
    const { find, store, verifyOne } = setUp();
    await verifyOne();
    store.outage = new GatewayError("DOCUMENT_INVALID", "a misspelt member");

    expect(await codeOf(find(OTHER_URL))).toBe("DOCUMENT_INVALID");
    expect(await refusalOf(find())).toBe("found");
  });
});

describe("age of issuer documents (R13)", () => {
  test("a change is seen within 60 s; absences are remembered as long", async () => {
    const { find, stored, clock, reads } = setUp();
    await find();
    await refusalOf(find(OTHER_URL));
    stored.set(ISSUER_URL, recordOf(issuerWith({ disabled: true })));
    stored.set(OTHER_URL, recordOf(issuerWith({ url: OTHER_URL })));
    clock.advance(53);
    expect(await refusalOf(find())).toBe("found");
    expect(await refusalOf(find(OTHER_URL))).toBe("ISSUER_UNKNOWN");
    expect(reads).toHaveLength(2);
    clock.advance(7);

    expect(await refusalOf(find())).toBe("ISSUER_DISABLED");
    expect(await refusalOf(find(OTHER_URL))).toBe("found");
  });

  test.for([
    { moment: "before 360 s", passed: 359, outcome: "found" },
    { moment: "at 360 s", passed: 360, outcome: "PARAMETERS_UNAVAILABLE" },
  ])("while the store is down a document serves on: $moment $outcome (R10)", async ({ passed, outcome }) => {
    const { find, verifyOne, store, clock } = setUp();
    await verifyOne();
    store.outage = new GatewayError("PARAMETERS_UNAVAILABLE", "throttled");
    clock.advance(passed);

    expect(outcome === "found" ? await refusalOf(find()) : await codeOf(find())).toBe(outcome);
  });
});

describe("strangers: issuers of which no token was verified yet", () => {
  const invented = (index: number) => `https://invented-${index}.example`;

  test("200 tokens of one invented issuer make one read", async () => {
    const { find, reads } = setUp();
    await Promise.all(Array.from({ length: 200 }, () => refusalOf(find(invented(0)))));

    expect(reads).toHaveLength(1);
  });

  test("a flood of invented issuers makes 10 reads at once; who gets no slot in a second is LOOKUP_LIMITED", async () => {
    const { find, reads, clock } = setUp();
    const outcomes = Array.from({ length: 200 }, (_, index) =>
      find(invented(index)).then(
        (record) => (isRefusal(record) ? record.code : "found"),
        (error: unknown) => (error instanceof GatewayError ? error.code : "INTERNAL"),
      ),
    );
    await settled();
    expect(reads).toHaveLength(10);
    for (let tenth = 0; tenth < 11; tenth++) {
      clock.advance(0.1);
      await settled();
    }
    const all = await Promise.all(outcomes);

    expect(reads.length).toBeLessThanOrEqual(20);
    expect(all.filter((code) => code === "ISSUER_UNKNOWN")).toHaveLength(reads.length);
    expect(all.filter((code) => code === "LOOKUP_LIMITED")).toHaveLength(200 - reads.length);
  });

  test("an issuer verified before is outside the budget, fresh or aged", async () => {
    const { find, verifyOne, reads, clock } = setUp();
    await verifyOne();
    clock.advance(60);
    for (let index = 0; index < 50; index++) void find(invented(index)).catch(() => undefined);
    await settled();
    const before = reads.length;

    expect(await refusalOf(find())).toBe("found");
    expect(reads.slice(before)).toStrictEqual([ISSUER_URL]);
  });

  test("a flood that uses up the budget does not keep a change of a verified issuer's document from being seen", async () => {
    const { find, verifyOne, stored, clock } = setUp();
    await verifyOne();
    await refusalOf(find(invented(0)));
    clock.advance(60);
    // An aged one among them serves on, because there is no slot to read it again.
    const flood = Array.from({ length: 200 }, (_, index) => find(invented(199 - index)).catch(() => undefined));
    await settled();
    for (let tenth = 0; tenth < 11; tenth++) {
      clock.advance(0.1);
      await settled();
    }
    await Promise.all(flood);
    stored.set(ISSUER_URL, recordOf(issuerWith({ disabled: true })));

    expect(await refusalOf(find())).toBe("ISSUER_DISABLED");
  });

  test("an issuer registered but never verified is inside the budget", async () => {
    const { find, clock } = setUp();
    for (let index = 0; index < 10; index++) void find(invented(index)).catch(() => undefined);
    await settled();
    let outcome: string | undefined;
    const finding = refusalOf(find()).then((code) => {
      outcome = code;
    });
    await settled();
    expect(outcome).toBeUndefined();
    clock.advance(0.2);
    await finding;

    expect(outcome).toBe("found");
  });

  test("a flood that overflows the memory of strangers leaves verified issuers where they are", async () => {
    const { find, verifyOne, reads, clock } = setUp({ documentsMaxAgeSeconds: 3600 });
    await verifyOne();
    for (let index = 0; index < 2000; index++) {
      clock.advance(0.1);
      await refusalOf(find(invented(index)));
    }
    const before = reads.length;

    expect(await refusalOf(find())).toBe("found");
    expect(await refusalOf(find(invented(1999)))).toBe("ISSUER_UNKNOWN");
    expect(reads).toHaveLength(before);
    expect(await refusalOf(find(invented(0)))).toBe("ISSUER_UNKNOWN");
    expect(reads).toHaveLength(before + 1);
  });
});

describe("keys of an issuer", () => {
  test("are kept per issuer: the same kid of two issuers is two keys (S12)", async () => {
    const { directory, find, stored, publisher } = setUp();
    stored.set(OTHER_URL, recordOf(issuerWith({ url: OTHER_URL })));
    publisher.publish([ecKey("k1").jwk], OTHER_URL);
    const mine = await directory.findKey(await found(find()), "k1");
    const theirs = await directory.findKey(await found(find(OTHER_URL)), "k1");
    if (mine === undefined || "unfit" in mine || theirs === undefined || "unfit" in theirs) throw new Error("no key");

    expect(mine.fingerprint).not.toBe(theirs.fingerprint);
  });

  test("one issuer in an outage: the other answers, without waiting (R24)", async () => {
    const { directory, find, stored, publisher } = setUp();
    stored.set(OTHER_URL, recordOf(issuerWith({ url: OTHER_URL }), storedWith([k1], { issuer: OTHER_URL })));
    publisher.failure = failing("client-error-status");

    expect(await codeOf(directory.findKey(await found(find()), "k1"))).toBe("ISSUER_UNREACHABLE");
    expect(await directory.findKey(await found(find(OTHER_URL)), "k1")).toHaveProperty("keyId", "k1");
  });

  test("an unknown kid re-reads the documents, and the key that was added meanwhile is found", async () => {
    const { directory, find, stored, reads } = setUp();
    stored.set(ISSUER_URL, recordOf(issuerWith(), storedWith([k1])));
    const record = await found(find());
    const k2 = ecKey("k2").jwk;
    stored.set(ISSUER_URL, recordOf(issuerWith(), storedWith([k1, k2])));

    expect(await directory.findKey(record, "k2")).toHaveProperty("keyId", "k2");
    expect(reads).toHaveLength(2);
  });

  test.for([
    { what: "another issuer's by now", document: { url: OTHER_URL } },
    { what: "disabled by now", document: { disabled: true } },
    { what: "gone by now", document: undefined },
  ])("an unknown kid brings no key where the document is $what", async ({ document }) => {
    const { directory, find, stored, publisher } = setUp();
    stored.set(ISSUER_URL, recordOf(issuerWith(), storedWith([k1])));
    const record = await found(find());
    publisher.publish([ecKey("k2").jwk], OTHER_URL).publish([ecKey("k2").jwk]);
    if (document === undefined) stored.clear();
    else {
      const keySet = storedWith([ecKey("k2").jwk], { issuer: OTHER_URL });
      stored.set(ISSUER_URL, recordOf(issuerWith(document), keySet));
    }

    expect(await directory.findKey(record, "k2")).toBeUndefined();
    expect(publisher.asked).toHaveLength(0);
  });
});
