#!/bin/bash
# Starts compose.yaml on a machine without Docker and without access to public registries, and checks it: all services start, a job makes a
# video, workers are added by --scale, a stop lets a running job finish, and the service worker-gpu makes a video (without GPUs: it then
# has a worker on the CPU). Needs root, podman, runc, docker-compose, buildah, curl,
# ffprobe, the images of debian-bases.sh and localhost/locutor:cpu. The stand-ins for PostgreSQL and the store are made from packages
# (stand-ins/). The machine needs no systemd and no right to raise limits; CONTAINERS_CONF names other settings of podman.
#   deploy/compose/try-compose.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) root=$(cd "$(dirname "$0")/../.." && pwd) work=$(mktemp -d)
for image in postgres store; do
  buildah build -q --layers --isolation chroot --build-arg "BASE_IMAGE=${BASE_IMAGE:-localhost/debian-aspnet}" --target $image \
    -t localhost/locutor-try-$image "$here/stand-ins" > "$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
done

if [ -z "${CONTAINERS_CONF:-}" ]; then
  export CONTAINERS_CONF=$work/containers.conf
  cat > "$CONTAINERS_CONF" << END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=10000:10000"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
END
fi
podman system service --time 0 "unix://$work/podman.sock" > "$work/podman.log" 2>&1 &
engine=$!
# Podman leaves health checks to timers of systemd, which a container or a small machine does not have.
while sleep 2; do
  for container in $(podman ps -q); do podman healthcheck run "$container" || true; done
done > /dev/null 2>&1 &
health=$!
export DOCKER_HOST="unix://$work/podman.sock" COMPOSE_HTTP_TIMEOUT=600 LOCUTOR_SECRET=a-secret-for-the-test LOCUTOR_PORT=${PORT:-18081}
export LOCUTOR_IMAGE=${LOCUTOR_IMAGE:-localhost/locutor:cpu} POSTGRES_IMAGE=localhost/locutor-try-postgres
export LOCUTOR_GPU_IMAGE=$LOCUTOR_IMAGE STORE_IMAGE=localhost/locutor-try-store STORE_CLIENT_IMAGE=localhost/locutor-try-store
# docker-compose 1 does not know the project's name, and there are no GPUs.
sed -e '/^name:/d' -e '/^    deploy:$/,/devices:/d' "$here/compose.yaml" > "$work/compose.yaml"
compose() { docker-compose --project-directory "$here" -p locutor-try -f "$work/compose.yaml" --profile cpu --profile gpu "$@"; }
end() {
  code=$?
  [ $code = 0 ] || compose logs --no-color --tail 40 2>&1 | tail -150
  compose down -v -t 5 > "$work/down.log" 2>&1 || cat "$work/down.log"
  kill $health $engine || true
  rm -rf "$work"
}
trap end EXIT
url=http://127.0.0.1:$LOCUTOR_PORT
step() { echo "$(date +%T) $*"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
ask() { curl -sf -H "Modal-Key: $key" -H "Modal-Secret: $secret" "$@"; }
submit() { ask -F "image=@$root/samples/amara.png" -F "audio=@$root/samples/amara.mp3" "$url/v1/jobs" | field id; }
# ended JOB: waits until the job has ended and prints its status.
ended() {
  for _ in $(seq 900); do
    status=$(ask "$url/v1/jobs/$1" | field status)
    case $status in queued | running) sleep 1 ;; *) break ;; esac
  done
  echo "$status"
}
# workers: their number; nothing while the service does not answer.
workers() { ask "$url/v1/workers" | python3 -c 'import json, sys; print(len(json.loads(sys.stdin.read() or "{\"workers\": []}")["workers"]))'; }
until_workers() {
  for _ in $(seq 180); do
    [ "$(workers)" != "$1" ] || return 0
    sleep 1
  done
  echo "expected $1 workers, found $(workers)"
  return 1
}

step "up"
compose up -d --no-build --scale worker-gpu=0 > "$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
tokens=$(compose exec -T locutor /app/locutor tokens create --scopes all 2> "$work/run.log") || { cat "$work/run.log"; exit 1; }
key=$(grep -o 'wk-[0-9A-Za-z]*' <<< "$tokens") secret=$(grep -o 'ws-[0-9A-Za-z]*' <<< "$tokens")
until_workers 1
step "all services run, with one worker; a job begins"
job=$(submit)
[ "$(ended "$job")" = succeeded ] || { ask "$url/v1/jobs/$job"; exit 1; }
ask "$url/v1/jobs/$job/video" -o "$work/video.mp4"
step "a video: $(stat -c %s "$work/video.mp4") bytes, $(ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/video.mp4") s"
compose up -d --no-build --scale worker-gpu=0 --scale worker-cpu=3 > "$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
until_workers 3
step "three workers"
job=$(submit)
for _ in $(seq 120); do [ "$(ask "$url/v1/jobs/$job" | field status)" = queued ] && sleep 0.5 || break; done
compose stop worker-cpu > "$work/stop.log" 2>&1 || { cat "$work/stop.log"; exit 1; }
# The workers have ended, so what is stored now is final.
[ "$(ask "$url/v1/jobs/$job" | field status)" = succeeded ] || { ask "$url/v1/jobs/$job"; exit 1; }
[ "$(ask "$url/v1/jobs/$job" | field attempt)" = 1 ] || { ask "$url/v1/jobs/$job"; exit 1; }
step "the workers were stopped during a job and finished it first"
compose up -d --no-build worker-gpu > "$work/up.log" 2>&1 || { cat "$work/up.log"; exit 1; }
job=$(submit)
[ "$(ended "$job")" = succeeded ] || { ask "$url/v1/jobs/$job"; exit 1; }
step "worker-gpu, a second node with its own worker, made a video"
compose stop > "$work/stop.log" 2>&1 || { cat "$work/stop.log"; exit 1; }
step "stopped"
