/** A whole program for the shell: submit, wait, download. */

const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;

/** The name of a file as curl reads it after an @: in quotation marks, for a comma or semicolon would end it. */
const fileName = name => `"${name.replace(/["\\]/g, "\\$&")}"`;

export function curl({ address, auth, files, texts, values, output }) {
  const ask = auth
    ? `# The token is KEY.SECRET, the two parts that 'locutor tokens create' prints.\nask() { curl --fail-with-body -sS -H "Authorization: Bearer $LOCUTOR_TOKEN" "$@"; }`
    : `ask() { curl --fail-with-body -sS "$@"; }`;
  const parts = [
    ...files.map(({ name, file, url }) => url ? `--form-string ${quote(`${name}=${url}`)}` : `-F ${quote(`${name}=@${fileName(file)}`)}`),
    ...texts.map(({ name, file }) => `-F ${quote(`${name}=<${file}`)}`),
    ...values.map(({ name, value }) => `--form-string ${quote(`${name}=${value}`)}`),
  ];
  return `#!/bin/sh
# Needs curl and jq.
set -e
service=${quote(address)}
${ask}

tell() { printf '%s\\n' "$answer" | jq -r "$1"; }

answer=$(ask "$service/v1/jobs/upload" \\
  ${parts.join(" \\\n  ")}) || { tell .detail >&2; exit 1; }
id=$(tell .id)

while answer=$(ask "$service/v1/jobs/$id"); do
  case $(tell .status) in
    queued | running) echo "$(tell .status) $(tell .progress.percent) %"; sleep 2 ;;
    *) break ;;
  esac
done
if [ "$(tell .status)" != succeeded ]; then
  tell '.error.message // .detail // .status' >&2
  exit 1
fi

ask -o ${quote(output)} "$service/v1/jobs/$id/video"
`;
}
