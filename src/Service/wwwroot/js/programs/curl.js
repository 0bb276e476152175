/** A whole program for the shell: submit, wait, download. */

const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;

export function curl({ address, auth, files, texts, values, output }) {
  const ask = auth
    ? `# The token is KEY.SECRET, the two parts that 'locutor tokens create' prints.\nask() { curl --fail-with-body -sS -H "Authorization: Bearer $LOCUTOR_TOKEN" "$@"; }`
    : `ask() { curl --fail-with-body -sS "$@"; }`;
  const parts = [
    ...files.map(({ name, file, url }) => url ? `--form-string ${quote(`${name}=${url}`)}` : `-F ${quote(`${name}=@${file}`)}`),
    ...texts.map(({ name, file }) => `-F ${quote(`${name}=<${file}`)}`),
    ...values.map(({ name, value }) => `--form-string ${quote(`${name}=${value}`)}`),
  ];
  return `#!/bin/sh
# Needs curl and jq.
set -e
service=${quote(address)}
${ask}

id=$(ask "$service/v1/jobs/upload" \\
  ${parts.join(" \\\n  ")} | jq -r .id)

while job=$(ask "$service/v1/jobs/$id"); do
  status=$(echo "$job" | jq -r .status)
  case $status in
    queued | running) echo "$status $(echo "$job" | jq -r .progress.percent) %"; sleep 2 ;;
    *) break ;;
  esac
done
if [ "$status" != succeeded ]; then
  echo "$job" | jq -r '.error.message // .status' >&2
  exit 1
fi

ask -o ${quote(output)} "$service/v1/jobs/$id/video"
`;
}
