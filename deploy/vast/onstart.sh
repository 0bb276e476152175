#!/bin/sh
# The on-start script of a Vast.ai instance with the image of deploy/images (launch mode "ssh" or "args", port 8080 opened):
#   vastai create instance ID --image registry.example.org/locutor:cuda --disk 300 --env '-p 8080:8080' --onstart deploy/vast/onstart.sh
# Vast runs it as root, so it changes to the user of the image. Vast may end an instance with short notice, so the drain takes 15 s at most.
set -eu
chown 10001 /data /models
export LOCUTOR_PULL="${LOCUTOR_PULL:-infinitetalk-480p-fp8}" HOME=/data LOCUTOR_DATA=/data LOCUTOR_STORE=/models
program="${LOCUTOR_PROGRAM:-/app/locutor}"
setpriv --reuid 10001 --clear-groups /app/pull-models
exec setpriv --reuid 10001 --clear-groups "$program" serve --urls http://0.0.0.0:8080 --set drain_seconds=15
