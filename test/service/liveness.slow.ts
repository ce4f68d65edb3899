import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { film, openStage } from "../../src/sample/attacks/attacks.ts";
import type { Action } from "../../src/vision/liveness/actions.ts";
import type { Models } from "../../src/vision/models/models.ts";
import {
  type Client,
  type Person,
  people,
  type Reply,
  startTestService,
  type TestService,
} from "../support/service.ts";
import { faceModels } from "../vision/face/support.ts";

describe("a liveness challenge, on real pixels", () => {
  let running: TestService;
  let ani: Person;
  let models: Models;
  let client: Client;
  let stranger: Client;

  before(async () => {
    running = await startTestService({ KYC_LIVENESS: "active" });
    [ani] = await people(running.dataDir, 11, 1);
    models = await faceModels();
    [client, stranger] = await Promise.all([running.client("user-1"), running.client("user-2")]);
  });
  after(async () => {
    await models.close();
    await running.close();
  });

  const begin = async () => {
    const id = await client.start();
    assert.equal((await client.ktp(id, ani.ktp)).status, 200);
    return id;
  };
  const ask = (id: string, as = client) => as.post(`/verify/${id}/liveness`, {});
  const acted = async (actions: readonly Action[], seed: number) =>
    film(await openStage(ani.selfie, models), { kind: "live", actions, seed });
  type Frames = Awaited<ReturnType<typeof acted>>;
  const send = (id: string, asked: Reply["body"], frames: Frames, as = client) =>
    as.frames(id, asked, frames);
  /** As if the frames had taken no time: the test does not wait for them to be over. */
  const later = async (id: string, challenge: Reply["body"], frames: Frames) => {
    const spent = frames[frames.length - 1].at;
    const left = spent - (120_000 - (Date.parse(challenge.expires_at) - Date.now()));
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    return send(id, challenge, frames);
  };

  test("is demanded, passed, and gives the selfie", async () => {
    const id = await begin();
    const early = await client.selfie(id, ani.selfie);
    assert.equal(early.status, 409, JSON.stringify(early.body));
    assert.match(early.body.detail, /liveness challenge/);

    // What is asked for is drawn at random, and a simulated person is refused now and then: as a real one, it tries again.
    let passed: Reply | null = null;
    for (let tries = 0; passed === null && tries < 3; tries++) {
      const asked = await ask(id);
      assert.equal(asked.status, 200, JSON.stringify(asked.body));
      assert.deepEqual((await ask(id)).body, asked.body, "asking again does not give another one");
      const frames = await acted(asked.body.actions, 5 + tries);
      const reply = await later(id, asked.body, frames);
      assert.equal((await send(id, asked.body, frames)).status, 409, "good once");
      if (reply.status === 200) passed = reply;
    }
    assert.equal(passed?.body.passed, true);
    for (const one of passed?.body.actions ?? []) assert.equal(one.seen, true);

    const done = await client.post("/verify/selfie", { verification_id: id });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    assert.equal(done.body.status, "VERIFIED", JSON.stringify(done.body));
    assert.equal(done.body.liveness_result.details.challenge.passed, true);

    // A reviewer sees each action, one frame at a time, and it is written down.
    const reviewer = await running.client("reviewer", "kyc:review");
    const { challenges } = (await reviewer.get(`/review/${id}`)).body;
    const { challenge_id, actions } = challenges.at(-1);
    for (const { action, frame, reach } of actions) {
      assert.ok(frame && reach > 0, action);
      const shown = await reviewer.post(`/review/${id}/reveal`, { what: "frame", challenge_id, action });
      const { format, height } = await sharp(Buffer.from(shown.body.image.data, "base64")).metadata();
      assert.deepEqual([format, height], ["jpeg", 480]);
    }
    const { trail } = (await reviewer.get(`/review/${id}`)).body;
    assert.deepEqual(
      trail
        .filter(({ action }: { action: string }) => action === "review.revealed")
        .map(({ detail }: { detail: object }) => detail),
      actions.map(({ action }: { action: string }) => ({ what: "frame", challenge_id, action })),
    );
    const reveal = (body: object) => reviewer.post(`/review/${id}/reveal`, body);
    assert.equal((await reveal({ what: "frame" })).status, 400);
    assert.equal((await reveal({ what: "frame", challenge_id: "another", action: "blink" })).status, 404);
  });

  test("is nobody else's, and takes no other nonce, id or number of frames", async () => {
    const id = await begin();
    assert.equal((await ask(id, stranger)).status, 403);
    const { body: asked } = await ask(id);
    const frames = Array.from({ length: 8 }, (_, i) => ({ at: i * 10, jpeg: ani.selfie }));
    assert.equal((await send(id, asked, frames, stranger)).status, 403);
    assert.equal((await send(id, { ...asked, nonce: "another" }, frames)).status, 400);
    assert.equal((await send(id, { ...asked, challenge_id: "another" }, frames)).status, 404);
    const other = await begin();
    assert.equal((await send(other, asked, frames)).status, 404);
    assert.equal((await send(id, asked, frames.slice(1))).status, 400);
    const tooLong = frames.map((frame, i) => ({ ...frame, at: i * 9_000 }));
    assert.match((await send(id, asked, tooLong)).body.detail, /captured_at/);
  });

  test("is not passed by a still picture: it costs an attempt, and the third ends the verification", async () => {
    const id = await begin();
    for (const left of [2, 1, 0]) {
      const { body: asked } = await ask(id);
      const frames = Array.from({ length: 8 }, (_, i) => ({ at: i * 200, jpeg: ani.selfie }));
      const { status, body } = await send(id, asked, frames);
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal(body.attempts_left, left);
      assert.equal(body.passed, false);
      assert.ok(body.hints.some((hint: { code: string }) => hint.code === "action_not_seen"));
      assert.ok(
        body.checks.some((check: { name: string; ok: boolean }) => check.name === "distinct" && !check.ok),
      );
    }
    assert.equal((await client.get(`/verify/${id}`)).body.status, "REJECTED");
    assert.equal((await ask(id)).status, 409);
    // Of the last one alone, the frames that came nearest to what was not done.
    const reviewer = await running.client("reviewer", "kyc:review");
    const { challenges } = (await reviewer.get(`/review/${id}`)).body;
    assert.deepEqual(
      challenges.map(({ actions }: { actions: { frame: boolean }[] }) => actions.every(({ frame }) => frame)),
      [false, false, true],
    );
  });
});
