#!/bin/sh
# Makes secrets/ beside docker-compose.yml: what can be random is, the rest is empty and to be filled in.
# What is there stays. The folder is for root alone; inside of the containers each service sees its own.
set -eu
cd "$(dirname "$0")/.."
umask 022
mkdir -p secrets && chmod 700 secrets
for name in secret_key audit_key superuser_password owner_password application_password broker_password; do
    [ -s "secrets/$name" ] || head -c 48 /dev/urandom | base64 | tr -d '\n' >"secrets/$name"
done
for name in email_password sms_token sms_webhook_secret metrics_token; do
    [ -e "secrets/$name" ] || : >"secrets/$name"
done
chmod 444 secrets/*
