/** The classic addresses as shell commands. */

const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;

export function classic({ address, auth, files, job }) {
  const headers = auth ? `     -H "Modal-Key: $TOKEN_ID" \\\n     -H "Modal-Secret: $TOKEN_SECRET" \\\n` : "";
  const url = field => files.find(file => file.name === field)?.url ?? `https://example.org/${field}`;
  const picture = files.some(file => file.name === "video") ? "video" : "image";
  const body = { image: url(picture), audio1: url("audio"), prompt: job.prompt };
  return `CALL_ID=$(curl -s -X POST \\
     -H "Content-Type: application/json" \\
${headers}     -d ${quote(JSON.stringify(body, null, 2))} \\
     ${quote(address)} | jq -r '.call_id')

curl -w "%{http_code}" -s --head \\
${headers}     "${address}?call_id=$CALL_ID"

curl -X GET \\
${headers}     --output video.mp4 \\
     "${address}?call_id=$CALL_ID"`;
}
