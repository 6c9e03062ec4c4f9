#!/usr/bin/env bash
# Run once by the image, when the first node's data folder is made: roles, database, and who may copy the node.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}

# Passwords stand on standard input, where no list of processes shows them. Nothing waits for standbys yet: there are none.
psql --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
SET synchronous_commit = local;
CREATE ROLE replication LOGIN REPLICATION PASSWORD '$(cat "$secrets/replication")';
CREATE ROLE keyward LOGIN PASSWORD '$(cat "$secrets/keyward")';
GRANT pg_monitor TO keyward;
CREATE DATABASE keyward OWNER keyward ENCODING 'UTF8' TEMPLATE template0;
SQL
echo 'host replication replication all scram-sha-256' >> "$PGDATA/pg_hba.conf"
