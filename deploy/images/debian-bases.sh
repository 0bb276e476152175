#!/bin/sh
# Makes the two base images of the Containerfile where no registry can be reached: Debian packages from a mirror, and .NET as it is
# installed on this machine. Needs root, buildah and mmdebstrap.
#   deploy/images/debian-bases.sh
#   buildah build --isolation chroot --build-arg SDK_IMAGE=localhost/debian-dotnet-sdk --build-arg BASE_IMAGE=localhost/debian-aspnet \
#     -f deploy/images/Containerfile -t locutor:cpu .
set -eu
suite=${SUITE:-bookworm} mirror=${MIRROR:-http://deb.debian.org/debian}
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --variant=minbase --include=ca-certificates,tzdata,libstdc++6,libssl3,zlib1g "$suite" "$work/base.tar" "$mirror"

# image NAME FROM FOLDER...: an image with these folders of the .NET installation.
image() {
  name=$1 container=$(buildah from "$2")
  shift 2
  [ "$name" != debian-aspnet ] || buildah add -q "$container" "$work/base.tar" /
  for folder in "$@"; do buildah copy -q "$container" "$dotnet/$folder" "/usr/share/dotnet/$folder"; done
  buildah config --env DOTNET_ROOT=/usr/share/dotnet --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/share/dotnet "$container"
  buildah commit -q --rm "$container" "localhost/$name"
}
image debian-aspnet scratch dotnet host shared
image debian-dotnet-sdk localhost/debian-aspnet sdk packs
