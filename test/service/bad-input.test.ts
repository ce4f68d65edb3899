import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { bomb } from "../support/pictures.ts";
import {
  type Client,
  type Person,
  people,
  type Reply,
  startTestService,
  type TestService,
  tokenFor,
} from "../support/service.ts";

/** Each bad input with its answer: status, error code, and what the sentence must speak of. */
describe("bad input gets a clear answer and changes nothing", () => {
  let running: TestService;
  let client: Client;
  let person: Person;
  let id: string;

  before(async () => {
    running = await startTestService();
    client = await running.client("user-1");
    [person] = await people(running.dataDir, 21, 1);
    id = await client.start();
  });
  after(() => running.close());

  const refused = (reply: Reply, status: number, code: string, about: RegExp) => {
    const { body } = reply;
    assert.equal(reply.status, status, JSON.stringify(body));
    assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(body.error_code, code);
    assert.equal(body.status, status);
    for (const member of ["type", "title", "detail", "timestamp", "request_id"])
      assert.equal(typeof body[member], "string", member);
    assert.match(body.detail, about);
    assert.doesNotMatch(JSON.stringify(body), /node_modules|at \w+ \(/, "nothing of the inside is told");
  };
  const plain = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "#777" } });

  const bodies: [string, unknown, number, string, RegExp][] = [
    ["an empty body", "", 400, "KYC_VAL_001", /body/i],
    ["an empty object", {}, 400, "KYC_VAL_001", /verification_id/],
    ["no image", { verification_id: "x" }, 400, "KYC_VAL_001", /ktp_image/],
    [
      "an id of nobody's",
      { verification_id: "00000000-0000-4000-8000-000000000000", ktp_image: "/9j/4AAQ" },
      404,
      "KYC_VAL_003",
      /no such verification/,
    ],
  ];
  for (const [name, body, status, code, about] of bodies) {
    test(`${name} → ${status} ${code}`, async () =>
      refused(await client.post("/verify/ktp", body), status, code, about));
  }

  const texts: [string, string, number, RegExp][] = [
    ["no base64", "!!! no base64 !!!", 400, /base64/],
    ["an empty image", "", 400, /ktp_image|empty/i],
    [
      "base64 of text",
      Buffer.from("this is only text, and no picture").toString("base64"),
      415,
      /JPEG, PNG or WebP/,
    ],
    ["a PDF", Buffer.from("%PDF-1.7\n1 0 obj\n<<>>\nendobj").toString("base64"), 415, /JPEG, PNG or WebP/],
    [
      "an SVG with a script",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').toString(
        "base64",
      ),
      415,
      /JPEG, PNG or WebP/,
    ],
  ];
  for (const [name, image, status, about] of texts) {
    test(`${name} → ${status}`, async () =>
      refused(
        await client.post("/verify/ktp", { verification_id: id, ktp_image: image }),
        status,
        "KYC_VAL_001",
        about,
      ));
  }

  const pictures: [string, () => Promise<Uint8Array>, number, RegExp][] = [
    ["a GIF", () => plain(300, 300).gif().toBuffer(), 415, /JPEG, PNG or WebP/],
    [
      "a JPEG cut in half",
      async () => person.ktp.subarray(0, person.ktp.length >> 1),
      400,
      /damaged|cut off/,
    ],
    ["30 MB", async () => new Uint8Array(30 * 1024 * 1024).fill(255), 413, /10 MiB/],
    ["a 20,000 × 20,000 bomb", async () => bomb(20_000, 20_000), 413, /megapixels/],
    ["one pixel", () => plain(1, 1).png().toBuffer(), 400, /too small/],
    [
      "an animation",
      async () =>
        sharp([await plain(300, 300).png().toBuffer(), await plain(300, 300).negate().png().toBuffer()], {
          join: { animated: true },
        })
          .webp()
          .toBuffer(),
      415,
      /animated/,
    ],
    ["a photograph without a card", async () => person.selfie, 400, /KTP/],
  ];
  for (const [name, make, status, about] of pictures) {
    test(`${name} → ${status}`, async () => {
      const attempts = (await client.start()) as string;
      refused(await client.ktp(attempts, await make()), status, "KYC_VAL_001", about);
      assert.equal((await client.get(`/verify/${attempts}`)).body.status, "PENDING");
    });
  }

  test("CMYK, 16-bit, turned by EXIF: the card is read all the same", async () => {
    const turned = await sharp(person.ktp)
      .rotate(270)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 92 })
      .toBuffer();
    const cmyk = await sharp(person.ktp).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    const deep = await sharp(person.ktp).resize(1000).toColourspace("rgb16").png().toBuffer();
    for (const [name, picture] of Object.entries({ turned, cmyk, deep })) {
      const { status, body } = await client.ktp(await client.start("BASIC_KYC"), picture);
      assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
      assert.equal(body.ocr_result.nik, person.nik, name);
    }
  });

  test("a form works like JSON, and a form cut off in mid-upload leaves the verification as it was", async () => {
    const form = new FormData();
    const fresh = await client.start("BASIC_KYC");
    form.append("verification_id", fresh);
    form.append("ktp_image", new Blob([Buffer.from(person.ktp)]), "ktp.jpg");
    const token = await tokenFor("user-1");
    const { port } = new URL(running.url);
    const head = [
      "POST /api/v1/kyc/verify/ktp HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${token}`,
      "Content-Type: multipart/form-data; boundary=cut",
      "Content-Length: 900000",
      "",
      `--cut\r\nContent-Disposition: form-data; name="verification_id"\r\n\r\n${fresh}\r\n--cut\r\nContent-Disposition: form-data; name="ktp_image"; filename="k.jpg"\r\n\r\n`,
    ].join("\r\n");
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(head);
        socket.write(person.ktp.subarray(0, 5000), () => socket.destroy());
      });
      socket.on("close", () => resolve());
      socket.on("error", reject);
    });
    assert.equal((await client.get(`/verify/${fresh}`)).body.status, "PENDING");
    const { status, body } = await client.post("/verify/ktp", form);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.status, "VERIFIED");
  });
});
