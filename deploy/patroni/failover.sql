-- What the guard over sending may know of replication, so that it need not ask a person after each
-- fail-over (decision 0084). Once for each cluster, as the superuser, in the clinic's database.
-- In pg_catalog, because no dump has that: a restored copy asks.

CREATE OR REPLACE FUNCTION pg_catalog.clinic_confirmed_lsn() RETURNS pg_lsn
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    RETURN (
        -- What a synchronous standby has on its disk. Without one nothing is confirmed, and all
        -- that was written so far has to be there.
        SELECT coalesce(
            min(flush_lsn) FILTER (WHERE sync_state = 'sync'),
            max(flush_lsn) FILTER (WHERE sync_state = 'quorum'),
            pg_current_wal_insert_lsn()
        )
        FROM pg_stat_replication
    );

CREATE OR REPLACE FUNCTION pg_catalog.clinic_timeline_history() RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    RETURN pg_read_file(
        'pg_wal/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '.history', true
    );
