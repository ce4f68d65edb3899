import { type Kysely, sql } from "kysely";

/**
 * Who did and saw what. Entries form chains (lanes), one writer each; `detail` is text because its bytes are hashed.
 * The triggers keep an honest hand from altering it; the hashes show what a dishonest one did.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE kyc_audit (
      id BIGSERIAL NOT NULL,
      lane UUID NOT NULL,
      seq BIGINT NOT NULL,
      at TIMESTAMP(3) NOT NULL,
      actor VARCHAR(300) NOT NULL,
      action VARCHAR(40) NOT NULL,
      user_ref VARCHAR(43),
      verification_id VARCHAR(36),
      trace_id VARCHAR(32),
      detail TEXT NOT NULL,
      hash VARCHAR(43) NOT NULL,
      PRIMARY KEY (lane, seq)
    )`.execute(db);
  await sql`CREATE UNIQUE INDEX idx_kyc_audit_id ON kyc_audit(id)`.execute(db);
  await sql`CREATE INDEX idx_kyc_audit_user ON kyc_audit(user_ref, id) WHERE user_ref IS NOT NULL`.execute(
    db,
  );
  await sql`
    CREATE FUNCTION kyc_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND current_setting('kyc.audit_retention', true) = 'on' THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'kyc_audit is append-only: % is refused', TG_OP;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER kyc_audit_keeps_rows BEFORE UPDATE OR DELETE ON kyc_audit
      FOR EACH ROW EXECUTE FUNCTION kyc_audit_is_append_only()`.execute(db);
  await sql`
    CREATE TRIGGER kyc_audit_keeps_all BEFORE TRUNCATE ON kyc_audit
      FOR EACH STATEMENT EXECUTE FUNCTION kyc_audit_is_append_only()`.execute(db);
}
