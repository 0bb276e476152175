#!/bin/sh
# Does what the official image of PostgreSQL does with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB: creates them in an empty PGDATA
# and starts the server for all addresses, where a password is needed.
set -eu
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres)")
ln -sf "$bin"/* /usr/local/bin/
mkdir -p "$PGDATA" && chown postgres "$PGDATA" && chmod 700 "$PGDATA"
as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  file=$(mktemp)
  echo "$POSTGRES_PASSWORD" > "$file"
  chown postgres "$file"
  as_postgres "$bin/initdb" --username "$POSTGRES_USER" --pwfile "$file" --auth-local trust --auth-host scram-sha-256
  rm "$file"
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | as_postgres "$bin/postgres" --single -D "$PGDATA" postgres
fi
exec setpriv --reuid postgres --regid postgres --clear-groups "$bin/postgres" -D "$PGDATA" -c listen_addresses='*'
