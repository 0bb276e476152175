#!/bin/sh
# The two commands of MinIO's client that compose.yaml uses, done with s3cmd: alias set NAME URL KEY SECRET, mb --ignore-existing NAME/BUCKET.
set -eu
case "$1 $2" in
  "alias set")
    host=${4#http://}
    printf '[default]\naccess_key = %s\nsecret_key = %s\nhost_base = %s\nhost_bucket = %s\nuse_https = False\n' "$5" "$6" "$host" "$host" > ~/.s3cfg
    s3cmd ls > /dev/null
    ;;
  "mb --ignore-existing") s3cmd mb "s3://${3#*/}" || s3cmd ls "s3://${3#*/}" ;;
  *) echo "mc: unknown command $*" >&2; exit 1 ;;
esac
