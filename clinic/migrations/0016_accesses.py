from django.db import migrations, models
import clinic.models.base
import django.contrib.postgres.fields
import django.db.models.functions.datetime

# One table, a partition a month. The id is a UUIDv7, so it begins with the time: it is the key, the
# order and the month at once. Whoever owns the table can give a right back to himself, so the
# triggers refuse as well; an owner who takes those away too is found by the chain (decision 0044).
TABLE = """
CREATE TABLE clinic_access_record (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    created_at timestamptz NOT NULL DEFAULT now(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor_kind varchar(8) NOT NULL,
    actor_id uuid,
    role varchar(16) NOT NULL,
    on_behalf_of uuid,
    clinic_ids uuid[] NOT NULL,
    session varchar(32) NOT NULL,
    address inet,
    request_id varchar(64) NOT NULL,
    door varchar(8) NOT NULL,
    place varchar(80) NOT NULL,
    purpose varchar(16) NOT NULL,
    action varchar(20) NOT NULL,
    outcome varchar(8) NOT NULL,
    status smallint,
    code varchar(60) NOT NULL,
    object_model varchar(60) NOT NULL,
    object_id uuid,
    patient_ids uuid[] NOT NULL,
    count integer NOT NULL,
    fields text[] NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX access_of_patients ON clinic_access_record USING gin (patient_ids);
CREATE INDEX access_by_actor ON clinic_access_record (actor_id, id);
CREATE INDEX access_by_transaction ON clinic_access_record (xid, id);

CREATE FUNCTION clinic_access_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'access_kept: what is written down about accesses stays as it is'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER access_kept BEFORE UPDATE OR DELETE ON clinic_access_record
    FOR EACH ROW EXECUTE FUNCTION clinic_access_kept();
CREATE TRIGGER access_not_truncated BEFORE TRUNCATE ON clinic_access_record
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_access_kept();
REVOKE UPDATE, DELETE, TRUNCATE ON clinic_access_record FROM PUBLIC, CURRENT_USER;

-- The least id of a row that was made at this time.
CREATE FUNCTION clinic_access_bound(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The partitions of the last, this and so many further months. By the rights of the owner: the
-- application's role needs none of its own to have them made.
CREATE FUNCTION clinic_access_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    begins timestamp;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('clinic_access_partitions'));
    FOR number IN -1..ahead LOOP
        begins := this_month + make_interval(months => number);
        name := 'clinic_access_' || to_char(begins, 'YYYY_MM');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF clinic_access_record FOR VALUES FROM (%L) TO (%L)',
            name, clinic_access_bound(begins AT TIME ZONE 'UTC'),
            clinic_access_bound((begins + interval '1 month') AT TIME ZONE 'UTC'));
        EXECUTE format('CREATE TRIGGER access_not_truncated BEFORE TRUNCATE ON %I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION clinic_access_kept()', name);
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM PUBLIC, CURRENT_USER', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Takes whole months away that are older than so many years, never less than six.
CREATE FUNCTION clinic_access_forget(years integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    oldest text := 'clinic_access_' || to_char(
        (now() AT TIME ZONE 'UTC') - make_interval(years => greatest(years, 6)), 'YYYY_MM');
    name text;
    gone integer := 0;
BEGIN
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'clinic_access_record'::regclass AND relname < oldest
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        gone := gone + 1;
    END LOOP;
    RETURN gone;
END $$;

SELECT clinic_access_partitions(12);
"""
NO_TABLE = """
DROP TABLE clinic_access_record;
DROP FUNCTION clinic_access_partitions(integer), clinic_access_forget(integer);
DROP FUNCTION clinic_access_bound(timestamptz), clinic_access_kept();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('clinic', '0015_cooling_off_by_jurisdiction'),
    ]

    operations = [
        migrations.RunSQL(TABLE, NO_TABLE),
        migrations.CreateModel(
            name='AccessRecord',
            fields=[
                ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('actor_kind', models.CharField(choices=[('STAFF', 'staff'), ('PATIENT', 'patient'), ('SYSTEM', 'the product itself'), ('NOBODY', 'somebody unknown')], max_length=8)),
                ('actor_id', models.UUIDField(help_text='The user or the patient.', null=True)),
                ('role', models.CharField(blank=True, max_length=16)),
                ('on_behalf_of', models.UUIDField(help_text='For whom, where it was somebody else.', null=True)),
                ('clinic_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text='Where the actor works.', size=None)),
                ('session', models.CharField(blank=True, help_text='Which log-in or link, not its secret.', max_length=32)),
                ('address', models.GenericIPAddressField(null=True)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('door', models.CharField(choices=[('API', 'API'), ('ADMIN', 'staff pages'), ('PAGE', "patient's pages"), ('COMMAND', 'command'), ('WORKER', 'worker')], max_length=8)),
                ('place', models.CharField(help_text='The page or endpoint, by its name.', max_length=80)),
                ('purpose', models.CharField(choices=[('TREATMENT', 'treatment'), ('OPERATIONS', 'running the clinic'), ('PATIENT_REQUEST', "the patient's own request")], max_length=16)),
                ('action', models.CharField(choices=[('READ', 'read'), ('LIST', 'listed'), ('SEARCH', 'searched'), ('EXPORT', 'exported'), ('PRINT', 'printed'), ('PHOTO', 'looked at a photograph'), ('MESSAGE_TEXT', 'read the text of a message'), ('WRITE', 'wrote'), ('LOG_IN', 'logged in'), ('LOG_OUT', 'logged out'), ('PERMISSION_CHANGE', 'changed an account')], max_length=20)),
                ('outcome', models.CharField(choices=[('DONE', 'done'), ('REFUSED', 'refused'), ('FAILED', 'not done')], max_length=8)),
                ('status', models.PositiveSmallIntegerField(help_text='As answered over HTTP.', null=True)),
                ('code', models.CharField(blank=True, help_text='Why not.', max_length=60)),
                ('object_model', models.CharField(blank=True, max_length=60)),
                ('object_id', models.UUIDField(null=True)),
                ('patient_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text='Of whom data left or changed.', size=None)),
                ('count', models.PositiveIntegerField(help_text='How many rows were shown.')),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), help_text='What was shown or changed, by name.', size=None)),
            ],
            options={
                'db_table': 'clinic_access_record',
                'managed': False,
            },
        ),
    ]
