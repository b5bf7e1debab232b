from django.db import migrations

# The chain over the record of accesses (clinic.audit.chain). No model stands over it: nothing but
# the chain reads it. Who may write a row of an access may not say when that was.
SEALS = """
CREATE TABLE clinic_access_seal (
    number bigint PRIMARY KEY CONSTRAINT seal_counts_from_one CHECK (number > 0),
    sealed_at timestamptz NOT NULL,
    cluster varchar(60) NOT NULL,
    is_bridge boolean NOT NULL,
    from_id uuid NOT NULL,
    before_id uuid NOT NULL,
    after_xid bigint NOT NULL,
    through_xid bigint NOT NULL,
    count bigint NOT NULL,
    first_id uuid,
    rows_digest varchar(64) NOT NULL,
    key_id varchar(16) NOT NULL,
    digest varchar(64) NOT NULL
);
CREATE TRIGGER access_kept BEFORE UPDATE OR DELETE ON clinic_access_seal
    FOR EACH ROW EXECUTE FUNCTION clinic_access_kept();
CREATE TRIGGER access_not_truncated BEFORE TRUNCATE ON clinic_access_seal
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_access_kept();
REVOKE UPDATE, DELETE, TRUNCATE ON clinic_access_seal FROM PUBLIC, CURRENT_USER;

REVOKE INSERT ON clinic_access_record FROM PUBLIC, CURRENT_USER;
GRANT INSERT (actor_kind, actor_id, role, on_behalf_of, clinic_ids, session, address, request_id,
    door, place, purpose, action, outcome, status, code, object_model, object_id, patient_ids,
    count, fields) ON clinic_access_record TO CURRENT_USER;

-- Rows come by the table, never by a month of it.
CREATE FUNCTION clinic_access_months_closed() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'clinic_access_record'::regclass
    LOOP
        EXECUTE format('REVOKE INSERT ON %I FROM PUBLIC, CURRENT_USER', name);
    END LOOP;
END $$;
SELECT clinic_access_months_closed();
"""
NO_SEALS = """
DROP FUNCTION clinic_access_months_closed();
DROP TABLE clinic_access_seal;
GRANT INSERT ON clinic_access_record TO CURRENT_USER;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0017_handles_blood'),
    ]

    operations = [
        migrations.RunSQL(SEALS, NO_SEALS),
    ]
