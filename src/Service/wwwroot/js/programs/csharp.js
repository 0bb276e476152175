/** A whole program in C#: submit, wait, download. */

/** A string of JSON is one of C#, which has more kinds of line ends. */
const quote = text => JSON.stringify(String(text)).replace(/[\u0085\u2028\u2029]/g, end => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`);

export function csharp({ address, auth, files, texts, values, output }) {
  const parts = [
    ...files.map(({ name, file, url }) => url ? `form.Add(new StringContent(${quote(url)}), ${quote(name)});` : `form.Add(new StreamContent(File.OpenRead(${quote(file)})), ${quote(name)}, ${quote(file)});`),
    ...texts.map(({ name, file }) => `form.Add(new StringContent(File.ReadAllText(${quote(file)})), ${quote(name)});`),
    ...values.map(({ name, value }) => `form.Add(new StringContent(${quote(value)}), ${quote(name)});`),
  ];
  return `// dotnet run program.cs, with .NET 10 or newer
using System.Net.Http.Headers;
using System.Text.Json;

using var client = new HttpClient { BaseAddress = new Uri(${quote(address)}) };
${auth ? `// The token is KEY.SECRET, the two parts that 'locutor tokens create' prints.
client.DefaultRequestHeaders.Authorization =
    new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("LOCUTOR_TOKEN"));
` : ""}
using var form = new MultipartFormDataContent();
${parts.join("\n")}
var job = await ReadAsync(await client.PostAsync("/v1/jobs/upload", form));

string Status() => job.GetProperty("status").GetString()!;
while (Status() is "queued" or "running")
{
    Console.WriteLine($"{Status()} {job.GetProperty("progress").GetProperty("percent")} %");
    await Task.Delay(2000);
    job = await ReadAsync(await client.GetAsync($"/v1/jobs/{job.GetProperty("id")}"));
}
if (Status() != "succeeded")
    throw new InvalidOperationException(job.TryGetProperty("error", out var error) ? $"{error.GetProperty("message")}" : Status());

string video = job.GetProperty("result").GetProperty("video").GetString()!;
await File.WriteAllBytesAsync(${quote(output)}, await client.GetByteArrayAsync(video));

static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
{
    var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    return answer.IsSuccessStatusCode ? body : throw new InvalidOperationException($"{body.GetProperty("detail")}");
}
`;
}
