#!/bin/sh
# Makes secrets/ beside docker-compose.yml, or the folder that is named: what can be random is, the rest is empty and to be filled in.
# What is there stays. The folder is for root alone; inside of the containers each service sees its own.
set -eu
folder=${1:-$(dirname "$0")/../secrets}
umask 022
mkdir -p "$folder" && chmod 700 "$folder"
cd "$folder"
for name in secret_key audit_key field_keys superuser_password owner_password application_password broker_password; do
    [ -s "$name" ] || head -c 48 /dev/urandom | base64 | tr -d '\n' >"$name"
done
for name in email_password sms_token sms_webhook_secret metrics_token; do
    [ -e "$name" ] || : >"$name"
done
chmod 444 ./*
