#!/bin/sh
# Starts the PostgreSQL that the distribution installed, with its data in a folder and the port in PORT. It listens on the loopback address
# only and needs no passwords.
#   postgres.sh FOLDER
set -eu
folder=$1
tools=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
mkdir -p "$folder"
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  chown postgres "$folder"
  as="setpriv --reuid=postgres --regid=postgres --init-groups"
fi
[ -f "$folder/data/PG_VERSION" ] || ${as:-} "$tools/initdb" -D "$folder/data" -U locutor -A trust
exec ${as:-} "$tools/postgres" -D "$folder/data" -p "$PORT" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$folder"
