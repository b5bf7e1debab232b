#!/bin/sh
# Run once by the PostgreSQL image, as its superuser: a role that owns the database and migrates, and
# one for the application, which neither alters a table nor switches a trigger off
# (clinic/db/grants.py). Passwords of any character.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner="$(cat "$OWNER_PASSWORD_FILE")" --set application="$(cat "$APPLICATION_PASSWORD_FILE")" <<'SQL'
CREATE ROLE clinic_owner LOGIN PASSWORD :'owner';
CREATE ROLE clinic LOGIN PASSWORD :'application';
CREATE DATABASE clinic OWNER clinic_owner;
REVOKE ALL ON DATABASE clinic FROM PUBLIC;
GRANT CONNECT ON DATABASE clinic TO clinic;
SQL
