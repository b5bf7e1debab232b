#!/bin/sh
# Valkey with a password of any character, which no list of processes shows: as bytes, on its input.
set -eu
password=$(tr -d '\r\n' <"$PASSWORD_FILE" | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')
exec valkey-server - "$@" <<CONFIGURATION
requirepass "$password"
CONFIGURATION
