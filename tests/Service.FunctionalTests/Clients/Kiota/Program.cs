// A program over the client that Kiota generates: uploads files, watches the job to its end and saves the video.
using System.Net.ServerSentEvents;
using Generated;
using Generated.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Abstractions.Serialization;
using Microsoft.Kiota.Http.HttpClientLibrary;

var (url, credentials, picture, voice, output) = (args[0], args[1], args[2], args[3], args[4]);
using var adapter = new HttpClientRequestAdapter(new BaseBearerTokenAuthenticationProvider(new Credentials(credentials))) { BaseUrl = url };
var client = new LocutorClient(adapter);

try
{
    await client.V1.Jobs.PostAsync(new JobSubmission { Audio = "http://192.0.2.1/voice.wav", Steps = 0 });
}
catch (Problem refusal)
{
    Console.WriteLine(
        $"refused {refusal.ResponseStatusCode} {refusal.Code} {string.Join(' ', refusal.Errors.AdditionalData.Keys.Order())}");
}

var form = new MultipartBody();
form.AddOrReplacePart("image", "image/png", File.ReadAllBytes(picture), "portrait.png");
form.AddOrReplacePart("audio", "audio/wav", File.ReadAllBytes(voice), "voice.wav");
form.AddOrReplacePart("prompt", "text/plain", "A woman sings");
form.AddOrReplacePart("seed", "text/plain", "7");
form.AddOrReplacePart("metadata", "text/plain", """{ "order": "42" }""");
var job = await client.V1.Jobs.Upload.PostAsync(form, request => request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString()));
Console.WriteLine($"submitted {job.Id}");

using (var events = await client.V1.Jobs[job.Id].Events.GetAsync())
{
    await foreach (var told in SseParser.Create(events).EnumerateAsync())
        job = await KiotaJsonSerializer.DeserializeAsync<JobView>(told.Data);
}
Console.WriteLine($"{job.Status} seed {job.Seed} prompt {job.Prompt} metadata {job.Metadata.AdditionalData["order"]}");

using (var video = await client.V1.Jobs[job.Id].Video.GetAsync())
using (var file = File.Create(output))
    await video.CopyToAsync(file);
Console.WriteLine($"sha256 {job.Result.Sha256}");

var listed = await client.V1.Jobs.GetAsync(request => request.QueryParameters.Limit = 5);
Console.WriteLine($"listed {listed.Jobs.Count(one => one.Id == job.Id)}");
await client.V1.Jobs[job.Id].DeleteAsync();

/// <summary>Key and secret in one, as a bearer token.</summary>
internal sealed class Credentials(string token) : IAccessTokenProvider
{
    public AllowedHostsValidator AllowedHostsValidator { get; } = new();

    public Task<string> GetAuthorizationTokenAsync(Uri uri, Dictionary<string, object> context, CancellationToken cancellationToken) =>
        Task.FromResult(token);
}
