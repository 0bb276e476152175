#!/bin/sh
# The three steps that users of the predecessor run, with only the host replaced.
# Needs HOST, TOKEN_ID, TOKEN_SECRET, IMAGE and AUDIO; writes what came back into the folder OUT.
set -eu

# Step 1: submit the job
curl -s -X POST -D "$OUT/submit.headers" -o "$OUT/submit.body" \
     -H "Content-Type: application/json" \
     -H "Modal-Key: $TOKEN_ID" \
     -H "Modal-Secret: $TOKEN_SECRET" \
     -d '{
           "image": "'"$IMAGE"'",
           "audio1": "'"$AUDIO"'",
           "prompt": "A person is talking"
         }' \
     "$HOST"
CALL_ID=$(sed 's/^{"call_id":"\(fc-[0-9A-Za-z]*\)"}$/\1/' "$OUT/submit.body")

# Step 2: poll for the result
: > "$OUT/codes"
tries=0
HTTP_STATUS=202
while [ "$HTTP_STATUS" = 202 ] && [ "$tries" -lt 300 ]; do
  HTTP_STATUS=$(curl -w "%{http_code}" -s --head -D "$OUT/head-$HTTP_STATUS.headers" -o /dev/null \
     -H "Modal-Key: $TOKEN_ID" \
     -H "Modal-Secret: $TOKEN_SECRET" \
     "$HOST?call_id=$CALL_ID")
  echo "$HTTP_STATUS" >> "$OUT/codes"
  if [ "$HTTP_STATUS" = 202 ]; then
    # The job may have ended since; then this answer is not one of a job that runs.
    curl -s -D "$OUT/now.headers" -o "$OUT/now.body" -H "Modal-Key: $TOKEN_ID" -H "Modal-Secret: $TOKEN_SECRET" "$HOST?call_id=$CALL_ID"
    if head -1 "$OUT/now.headers" | grep -q ' 202 '; then
      for part in headers body; do mv "$OUT/now.$part" "$OUT/get-202.$part" 2>/dev/null || : > "$OUT/get-202.$part"; done
    fi
    sleep 0.1
  fi
  tries=$((tries + 1))
done
curl -s --head -H "Modal-Key: $TOKEN_ID" -H "Modal-Secret: $TOKEN_SECRET" "$HOST?call_id=$CALL_ID" > "$OUT/head.headers"

# Step 3: retrieve the finished video
curl -s -X GET -D "$OUT/get.headers" \
     -H "Modal-Key: $TOKEN_ID" \
     -H "Modal-Secret: $TOKEN_SECRET" \
     --output "$OUT/video.mp4" \
     "$HOST?call_id=$CALL_ID"
