#!/bin/bash
# The health check of a container: it succeeds when the service answers that it is ready. The image has it as /app/healthy.
#   deploy/images/healthy.sh [PORT]
exec 3<> "/dev/tcp/127.0.0.1/${1:-8080}" && printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3 && head -1 <&3 | grep -q ' 200 '
