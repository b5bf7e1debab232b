#!/bin/sh
# Run once by the PostgreSQL image: the application's role owns its database and is no superuser.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$CLINIC_PASSWORD" <<'SQL'
CREATE ROLE clinic LOGIN PASSWORD :'password';
CREATE DATABASE clinic OWNER clinic;
SQL
