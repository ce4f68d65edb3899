import Fastify from "fastify";
import pg from "pg";

/** A route with one query and nothing else, for `bench:http`. Arguments: the database's URL. Prints its port. */
const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 });
await pool.query("CREATE TABLE IF NOT EXISTS bare (id BIGSERIAL PRIMARY KEY, user_id TEXT, body JSONB)");
await pool.query(
  "INSERT INTO bare (user_id, body) SELECT 'u' || i, '{\"a\": 1}' FROM generate_series(1, 1000) i",
);
const app = Fastify();
app.get("/read/:id", async (request) => {
  const { id } = request.params as { id: string };
  const { rows } = await pool.query("SELECT * FROM bare WHERE id = $1", [id]);
  return rows[0];
});
app.post("/insert", async (request) => {
  const { user_id } = request.body as { user_id: string };
  const { rows } = await pool.query("INSERT INTO bare (user_id, body) VALUES ($1, '{}') RETURNING id", [
    user_id,
  ]);
  return rows[0];
});
await app.listen({ host: "127.0.0.1", port: 0 });
const address = app.server.address();
process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
process.once("SIGTERM", () => process.exit(0));
