import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Client, type Person, people, startTestService, type TestService } from "../support/service.ts";

/** A drawn citizen's selfie is that alike to the portrait: 0.98. */
const MISSED_BY_LITTLE = "0.99";

/** Takes a person through. @returns the verification, and whose it is */
async function verify(service: TestService, user: string, person: Person) {
  const client = await service.client(user);
  const id = await client.start();
  assert.equal((await client.ktp(id, person.ktp)).status, 200);
  const { body } = await client.selfie(id, person.selfie);
  return { id, client, status: body.status as string };
}

async function decide(reviewer: Client, id: string, decision: object) {
  const { body } = await reviewer.get(`/review/${id}`);
  return reviewer.post(`/review/${id}/decision`, { seen: body.updated_at, ...decision });
}

const eventsOf = async (service: TestService, id: string) => {
  const { body } = await (await service.client("platform", "kyc:service")).get("/events");
  return body
    .filter(({ value }: { value: { verification_id: string } }) => value.verification_id === id)
    .map(({ kind }: { kind: string }) => kind);
};

describe("a doubt that no check confirms", () => {
  test("is seen masked, decided by one person, and told like any decision", async (t) => {
    const service = await startTestService({ KYC_DUPLICATES: "review" });
    t.after(() => service.close());
    const [person] = await people(service.dataDir, 81, 1);
    const ani = await service.client("ani", "kyc:review");
    assert.equal((await verify(service, "first", person)).status, "VERIFIED");
    const { id, client, status } = await verify(service, "second", person);
    assert.equal(status, "IN_REVIEW");
    assert.deepEqual(await eventsOf(service, id), ["ktp_uploaded"]);

    const { body: queue } = await ani.get("/review/queue?reason=duplicate_nik&min_age_hours=0");
    assert.deepEqual(
      queue.items.map((item: { verification_id: string }) => item.verification_id),
      [id],
    );
    assert.deepEqual((await ani.get("/review/queue?reason=doubtful_face")).body.items, []);
    assert.deepEqual((await ani.get("/review/queue?min_age_hours=1")).body.items, []);
    assert.equal((await ani.get("/review/queue?cursor=nonsense")).status, 400);

    const seen = await ani.get(`/review/${id}`);
    assert.equal(seen.body.turn, "decide");
    assert.deepEqual(seen.body.failed_checks, []);
    const told = JSON.stringify({ ...seen.body, trail: [] });
    for (const secret of [person.nik, person.name]) assert.ok(!told.includes(secret), secret);
    assert.ok(!JSON.stringify(queue).includes(person.nik));

    // Shown one at a time, and written down each time.
    const shown = await ani.post(`/review/${id}/reveal`, { what: "nik" });
    assert.equal(shown.body.value, person.nik);
    const card = await ani.post(`/review/${id}/reveal`, { what: "card" });
    assert.deepEqual(Buffer.from(card.body.image.data, "base64"), Buffer.from(person.ktp));
    assert.equal(card.body.image.media_type, "image/jpeg");
    const { body: after } = await ani.get(`/review/${id}`);
    const reveals = after.trail.filter(({ action }: { action: string }) => action === "review.revealed");
    assert.deepEqual(
      reveals.map(({ actor, detail }: { actor: string; detail: object }) => [actor, detail]),
      [
        ["reviewer:ani", { what: "nik" }],
        ["reviewer:ani", { what: "card" }],
      ],
    );
    assert.ok(!JSON.stringify(after.trail).includes(person.nik));

    // Who is verified does not decide, whatever else they may; nor does the platform.
    for (const [user, scope] of [
      ["second", "kyc:review"],
      ["platform", "kyc:service"],
    ]) {
      const one = await service.client(user, scope);
      const refused = await one.post(`/review/${id}/decision`, {
        verdict: "approve",
        seen: after.updated_at,
      });
      assert.equal(refused.status, 403, user);
      assert.equal(refused.body.error_code, "KYC_AUTH_003");
    }
    assert.equal((await decide(ani, id, { verdict: "reject" })).status, 400, "a rejection has a reason");
    assert.equal((await decide(ani, id, { verdict: "reject", reason: "other" })).status, 400, "and words");

    const asked = await decide(ani, id, { verdict: "ask_selfie", note: "too far away" });
    assert.deepEqual([asked.status, asked.body.status], [200, "PROCESSING"]);
    assert.deepEqual(await eventsOf(service, id), ["ktp_uploaded", "resubmission_requested"]);
    // The selfie that was taken back is gone, and another is awaited.
    assert.equal((await ani.post(`/review/${id}/reveal`, { what: "selfie" })).status, 404);
    assert.equal((await client.selfie(id, person.selfie)).body.status, "IN_REVIEW");
    const stale = await ani.post(`/review/${id}/decision`, { verdict: "approve", seen: after.updated_at });
    assert.equal(stale.status, 409, "what has changed since is not approved unseen");

    const approved = await decide(ani, id, { verdict: "approve" });
    assert.deepEqual([approved.status, approved.body.status], [200, "VERIFIED"]);
    assert.deepEqual(await eventsOf(service, id), ["ktp_uploaded", "resubmission_requested", "verified"]);
    assert.equal((await decide(ani, id, { verdict: "approve" })).status, 409, "once");
    assert.equal((await client.get(`/verify/${id}`)).body.status, "VERIFIED");

    const { body: statistics } = await ani.get("/review/statistics?period=day");
    assert.equal(statistics.total.VERIFIED, 2);
    assert.equal(statistics.pass_rate, 1);
    assert.equal(
      statistics.scores.face_match.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
      2,
    );
    assert.ok(statistics.seconds.p50 > 0 && statistics.seconds.p50 <= statistics.seconds.p99);
    assert.equal((await ani.get("/review/statistics?from=2020-01-01T00:00:00Z")).status, 400, "too long");
  });
});

describe("a check that failed by little", () => {
  test("is overridden by two persons, never by one twice", async (t) => {
    const service = await startTestService({
      KYC_MANUAL_REVIEW: "on",
      FACE_MATCHING_THRESHOLD: MISSED_BY_LITTLE,
    });
    t.after(() => service.close());
    const [person] = await people(service.dataDir, 82, 1);
    const [ani, budi] = [
      await service.client("ani", "kyc:review"),
      await service.client("budi", "kyc:review"),
    ];
    const { id, status } = await verify(service, "missed", person);
    assert.equal(status, "IN_REVIEW");
    const { body } = await ani.get(`/review/${id}`);
    assert.deepEqual(body.failed_checks, ["face_match"]);
    assert.deepEqual(body.reasons, ["doubtful_face"]);

    assert.equal((await decide(ani, id, { verdict: "approve" })).status, 400, "it is said why");
    const proposed = await decide(ani, id, { verdict: "approve", note: "a new hair-cut" });
    assert.deepEqual([proposed.body.status, proposed.body.proposed_by], ["IN_REVIEW", "ani"]);
    assert.deepEqual(await eventsOf(service, id), ["ktp_uploaded"]);
    const again = await decide(ani, id, { verdict: "approve", note: "still" });
    assert.equal(again.status, 403);
    assert.equal((await ani.get(`/review/${id}`)).body.turn, "wait");
    assert.equal((await budi.get(`/review/${id}`)).body.turn, "confirm");
    assert.equal((await budi.get("/review/queue?proposed=yes")).body.items.length, 1);

    // Of two at once one is heard.
    const { body: before } = await budi.get(`/review/${id}`);
    const answers = await Promise.all(
      [1, 2].map(() =>
        budi.post(`/review/${id}/decision`, {
          verdict: "approve",
          note: "I agree",
          seen: before.updated_at,
        }),
      ),
    );
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 409]);
    const { body: done } = await budi.get(`/review/${id}`);
    assert.equal(done.status, "VERIFIED");
    assert.deepEqual(
      done.reviews.map(({ by, overrides }: { by: string; overrides: string[] }) => [by, overrides]),
      [
        ["ani", ["face_match"]],
        ["budi", ["face_match"]],
      ],
    );
    assert.deepEqual(await eventsOf(service, id), ["ktp_uploaded", "verified"]);

    const second = await verify(service, "missed-too", person);
    const rejected = await decide(budi, second.id, { verdict: "reject", reason: "face_differs" });
    assert.equal(rejected.body.status, "REJECTED");
    const view = await second.client.get(`/verify/${second.id}`);
    assert.match(view.body.rejection_reasons[0].id, /bukan orang yang sama/);
    assert.deepEqual(await eventsOf(service, second.id), ["ktp_uploaded", "failed"]);
    const { body: queue } = await ani.get("/review/queue?status=REJECTED&reason=review_face_differs");
    assert.equal(queue.items.length, 1);
    assert.deepEqual((await ani.get("/review/statistics")).body.reasons, [
      { reason: "review_face_differs", count: 1 },
    ]);
  });
});
