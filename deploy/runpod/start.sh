#!/bin/sh
# The start command of a RunPod load-balancing endpoint; the image of deploy/images has it as /app/runpod-start. RunPod names the ports in
# PORT and PORT_HEALTH and asks GET /ping: 204 while the service starts, 200 when it is ready. LOCUTOR_PULL names models to download first;
# LOCUTOR_STORE=/runpod-volume keeps them for the next worker. With LOCUTOR_POSTGRES all workers accept the same tokens.
set -eu
urls="http://0.0.0.0:${PORT:-80}"
if [ -n "${PORT_HEALTH:-}" ] && [ "${PORT_HEALTH}" != "${PORT:-80}" ]; then
  urls="$urls;http://0.0.0.0:${PORT_HEALTH}"
fi
[ -z "${LOCUTOR_PULL:-}" ] || /app/pull-models
exec "${LOCUTOR_PROGRAM:-/app/locutor}" serve --urls "$urls" "$@"
