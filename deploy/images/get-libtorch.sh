#!/bin/sh
# Downloads the zip of libtorch, checks its SHA-256, and puts its libraries into a folder. The Containerfile uses it.
#   deploy/images/get-libtorch.sh URL SHA256 FOLDER
set -eu
url=$1 expected=$(echo "$2" | tr A-F a-f) folder=$3
zip=$(mktemp)
trap 'rm -f "$zip"' EXIT
curl -fsSL --retry 5 -o "$zip" "$url"
found=$(sha256sum "$zip" | cut -d ' ' -f 1)
if [ "$found" != "$expected" ]; then
  echo "$url: expected the SHA-256 '$expected', found $found; nothing was unpacked" >&2
  exit 1
fi
unzip -qj "$zip" '*/lib/*.so*' -x '*/libtorch_python*' '*_test.so' -d "$folder"
cd "$folder"
if [ ! -e libtorch_cuda.so ]; then
  echo "$url: it has no libtorch_cuda.so, so it is no libtorch with CUDA" >&2
  exit 1
fi
# NVRTC opens its library "builtins" by a name with its version, which the zip leaves out: libnvrtc-builtins.so.12.8.
for nvrtc in libnvrtc-*.so*; do
  name=$(grep -aom1 'libnvrtc-builtins\.so\.[0-9]*\.[0-9]*' "$nvrtc" | head -1) || true
  if [ -n "$name" ] && [ ! -e "$name" ]; then
    ln -s "$(ls libnvrtc-builtins*.so* | head -1)" "$name"
  fi
done
