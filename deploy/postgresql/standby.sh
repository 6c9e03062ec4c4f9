#!/usr/bin/env bash
# Copies the first node once, then starts what is named, which follows it under a name that its commits wait for.
set -euo pipefail
umask 077
passwords=$(mktemp)
trap 'rm -f "$passwords"' EXIT
printf '*:*:*:replication:%s\n' "$(cat "${SECRETS:-/run/secrets}/replication")" > "$passwords"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  until PGPASSFILE=$passwords pg_basebackup --pgdata "$PGDATA" --wal-method stream --checkpoint fast --write-recovery-conf \
    --dbname "host=$PRIMARY_HOST port=${PRIMARY_PORT:-5432} user=replication application_name=$STANDBY_NAME"; do
    find "$PGDATA" -mindepth 1 -delete
    sleep 2
  done
  # The recovery settings name the password's file: it has to last as long as the data.
  install -m 600 "$passwords" "$PGDATA/passwords"
  echo "primary_conninfo = 'host=$PRIMARY_HOST port=${PRIMARY_PORT:-5432} user=replication application_name=$STANDBY_NAME passfile=$PGDATA/passwords'" >> "$PGDATA/postgresql.auto.conf"
fi
chmod 700 "$PGDATA"
rm -f "$passwords"
exec "$@"
