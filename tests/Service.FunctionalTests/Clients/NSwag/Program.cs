// A program over the client that NSwag generates: uploads files, watches the job to its end and saves the video.
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Generated;

var (url, credentials, picture, voice, output) = (args[0], args[1], args[2], args[3], args[4]);
using var http = new HttpClient { BaseAddress = new Uri(url) };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credentials);
var client = new LocutorClient(http);

try
{
    await client.SubmitJobAsync(new JobSubmission { Audio = new Uri("http://192.0.2.1/voice.wav"), Steps = 0 });
}
catch (ApiException<Problem> refusal)
{
    Console.WriteLine($"refused {refusal.StatusCode} {refusal.Result.Code} {string.Join(' ', refusal.Result.Errors.Keys.Order())}");
}

using var image = File.OpenRead(picture);
using var audio = File.OpenRead(voice);
var job = await client.UploadJobAsync(
    idempotency_Key: Guid.NewGuid().ToString(), image: new FileParameter(image, "portrait.png"),
    audio: new FileParameter(audio, "voice.wav"),
    prompt: "A woman sings", seed: 7, metadata: """{ "order": "42" }""");
Console.WriteLine($"submitted {job.Id}");

using (var events = await client.WatchJobAsync(job.Id))
{
    await foreach (var told in SseParser.Create(events.Stream).EnumerateAsync())
        job = JsonSerializer.Deserialize<JobView>(told.Data);
}
Console.WriteLine($"{job.Status} seed {job.Seed} prompt {job.Prompt} metadata {job.Metadata["order"]}");

using (var video = await client.GetVideoAsync(job.Id))
using (var file = File.Create(output))
    await video.Stream.CopyToAsync(file);
Console.WriteLine($"sha256 {job.Result.Sha256}");

var listed = await client.ListJobsAsync(limit: 5);
Console.WriteLine($"listed {listed.Jobs.Count(one => one.Id == job.Id)}");
await client.DeleteJobAsync(job.Id);
