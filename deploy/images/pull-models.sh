#!/bin/sh
# Pulls the models that LOCUTOR_PULL names, separated by spaces, into the store. Containers that share the volume wait for each other:
# one pulls, the others find complete files.
set -eu
store=${LOCUTOR_STORE:-/models}
exec 9>"$store/.pull.lock"
flock 9
for model in ${LOCUTOR_PULL:-}; do
  "${LOCUTOR_PROGRAM:-/app/locutor}" models pull "$model" --store "$store"
done
