#!/bin/sh
# The command of a RunPod load-balancing endpoint, in the image of deploy/images. RunPod names the ports in PORT and PORT_HEALTH and asks
# GET /ping: 204 while the service starts, 200 when it is ready. Tokens are created once: LOCUTOR_POSTGRES keeps them for all workers.
set -eu
urls="http://0.0.0.0:${PORT:-80}"
if [ -n "${PORT_HEALTH:-}" ] && [ "${PORT_HEALTH}" != "${PORT:-80}" ]; then
  urls="$urls;http://0.0.0.0:${PORT_HEALTH}"
fi
exec "${LOCUTOR_PROGRAM:-/app/locutor}" serve --urls "$urls" "$@"
