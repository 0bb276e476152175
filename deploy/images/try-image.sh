#!/bin/bash
# Starts an image as a container runtime would (read-only root, user 10001, no capabilities), runs its health check and makes a video.
# Needs root, buildah, curl, python3 and a port that is free; no Docker.
#   deploy/images/try-image.sh localhost/locutor:cpu
set -euo pipefail
image=$1 port=${PORT:-18080} samples=$(cd "$(dirname "$0")/../../samples" && pwd)
work=$(mktemp -d) container=$(buildah from "$image")
root=$(buildah mount "$container")
stop() {
  # The child of unshare is the first process of the PID namespace: when it ends, the kernel ends all others in the namespace.
  [ -z "${service:-}" ] || pkill -KILL -P "$service" || true
  wait 2>/dev/null || true
  buildah rm "$container" >/dev/null
  rm -rf "$work"
}
trap stop EXIT
mkdir "$work/data" "$work/models" && chown 10001 "$work"/*
echo "$(du -smx "$root" | cut -f1) MB, of which /app $(du -sm "$root/app" | cut -f1) MB"

mapfile -t variables < <(buildah inspect --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' "$container" | grep =)
unshare --mount --pid --fork --kill-child bash -c '
  set -e
  root=$1 work=$2
  shift 2
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount --bind "$work/data" "$root/data"
  mount --bind "$work/models" "$root/models"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -o remount,bind,ro "$root"
  exec chroot "$root" /usr/bin/env -i "$@"
' start "$root" "$work" "${variables[@]}" "LOCUTOR_URLS=http://127.0.0.1:$port" setpriv --reuid 10001 --regid 10001 --clear-groups \
  --inh-caps=-all --bounding-set=-all --no-new-privs /app/locutor serve --no-auth > "$work/log" 2>&1 &
service=$!

for _ in $(seq 60); do
  "$(dirname "$0")/healthy.sh" "$port" 2>/dev/null && healthy=yes && break
  sleep 1
done
[ -n "${healthy:-}" ] || { cat "$work/log"; echo "the health check never passed"; exit 1; }
echo "healthy"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
job=$(curl -s -F "image=@$samples/amara.png" -F "audio=@$samples/amara.mp3" "http://127.0.0.1:$port/v1/jobs" | tee "$work/answer" | field id) \
  || { cat "$work/answer"; exit 1; }
for _ in $(seq 300); do
  status=$(curl -s "http://127.0.0.1:$port/v1/jobs/$job" | field status)
  case $status in queued | running) sleep 1 ;; *) break ;; esac
done
[ "$status" = succeeded ] || { cat "$work/log"; echo "the job is $status"; exit 1; }
curl -sf "http://127.0.0.1:$port/v1/jobs/$job/video" -o "$work/video.mp4"
echo "a video of $(stat -c %s "$work/video.mp4") bytes"
