#!/bin/sh
# PostgreSQL of the distribution over a folder, at the port in PORT; for the loopback address alone, without passwords.
#   postgres.sh FOLDER
set -eu
folder=$1
tools=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then # it refuses to run as root
  chown postgres "$folder"
  as="setpriv --reuid=postgres --regid=postgres --init-groups"
fi
[ -f "$folder/data/PG_VERSION" ] || ${as:-} "$tools/initdb" -D "$folder/data" -U locutor -A trust
exec ${as:-} "$tools/postgres" -D "$folder/data" -p "$PORT" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$folder"
