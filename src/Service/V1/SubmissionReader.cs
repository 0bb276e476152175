using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Records;
using Locutor.Service.Inputs;
using Locutor.Service.Seed;
using Locutor.Service.Settings;
using Locutor.Service.Storage;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.V1;

/// <summary>A submission as read: what is asked, and a hash that is equal for equal requests.</summary>
internal sealed record Submission(JobRequest Request, string Hash);

/// <summary>Reads a submission from JSON or from a form with files. Files go straight into the data folder.</summary>
internal sealed class SubmissionReader(InputStore inputs, IFileStore store, ModelCatalog catalog, ServeSettings settings)
{
    private const int MostParts = 40;
    private const int LongestText = 1 << 16;

    /// <exception cref="ProblemException">The request cannot be accepted as it is.</exception>
    public async Task<Submission> ReadAsync(string jobId, HttpContext context, Func<string, Task> seen)
    {
        var request = context.Request;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(TimeSpan.FromMinutes(settings.UploadMinutes));
        try
        {
            if (request.HasJsonContentType())
                return await ReadJsonAsync(jobId, request, seen, patience.Token);
            if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
                return await ReadFormAsync(jobId, request, HeaderUtilities.RemoveQuotes(type.Boundary).Value, patience.Token);
            throw new ProblemException(415, "unsupported_media_type", "expected application/json or multipart/form-data");
        }
        catch (Exception exception)
        {
            await store.RemoveAsync(jobId, CancellationToken.None);
            if (exception is OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
                throw new ProblemException(408, JobError.TimedOut, string.Create(CultureInfo.InvariantCulture, $"expected the whole submission within {settings.UploadMinutes} minutes"));
            throw;
        }
    }

    private async Task<Submission> ReadJsonAsync(string jobId, HttpRequest request, Func<string, Task> seen, CancellationToken cancellation)
    {
        var most = (long)(settings.MaxJsonMb * 1e6);
        var raw = await BodyReader.ReadAsync(request, most, cancellation)
            ?? throw new ProblemException(413, JobError.TooLarge, $"expected a body of at most {most} bytes; upload large files as multipart/form-data");
        using var json = Parse(raw);
        var fields = new JobFields();
        foreach (var property in json.RootElement.EnumerateObject())
            fields.Add(property.Name, property.Value);
        var urls = JobFields.Files.Select(name => (Name: name, Url: fields.Url(name))).Where(file => file.Url is not null).ToList();
        var asked = fields.ToRequest();
        catalog.Check(asked, fields);
        Check(fields, urls.Select(file => file.Name));
        var hash = Convert.ToHexStringLower(SHA256.HashData(raw));
        await seen(hash);
        var stored = new List<JobInput>();
        foreach (var (name, url) in urls)
        {
            stored.Add(DataUrl.Is(url!)
                ? await StoreAsync(name, () => inputs.FetchAsync(jobId, name, url!, InputStore.Expected(name), cancellation))
                : new JobInput { Field = name, Url = url });
        }
        return new Submission(asked with { Inputs = [.. stored] }, hash);
    }

    private async Task<Submission> ReadFormAsync(string jobId, HttpRequest request, string? boundary, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 200)
            throw new ProblemException(400, JobError.InvalidRequest, "the multipart boundary is missing or too long");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var fields = new JobFields();
        var stored = new List<JobInput>();
        var reader = new MultipartReader(boundary, request.Body) { HeadersLengthLimit = 16 << 10 };
        var parts = 0;
        try
        {
            while (await reader.ReadNextSectionAsync(cancellation) is { } section)
            {
                if (++parts > MostParts)
                    throw new ProblemException(400, JobError.InvalidRequest, $"expected at most {MostParts} parts");
                await ReadPartAsync(jobId, section, fields, stored, hash, cancellation);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && exception is not BadHttpRequestException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"the form cannot be read: {exception.Message}");
        }
        foreach (var name in JobFields.Files.Where(name => stored.All(input => input.Field != name)))
        {
            if (fields.Url(name) is { } url)
                stored.Add(new JobInput { Field = name, Url = url });
        }
        var asked = fields.ToRequest();
        catalog.Check(asked, fields);
        Check(fields, stored.Select(input => input.Field));
        return new Submission(asked with { Inputs = [.. stored] }, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private async Task ReadPartAsync(
        string jobId, MultipartSection section, JobFields fields, List<JobInput> stored, IncrementalHash hash, CancellationToken cancellation)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || HeaderUtilities.RemoveQuotes(disposition.Name).Value is not { Length: > 0 } name)
            throw new ProblemException(400, JobError.InvalidRequest, "a part of the form has no name");
        hash.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
        if (disposition.IsFileDisposition() && JobFields.Files.Contains(name))
        {
            if (stored.Any(input => input.Field == name))
                throw new ProblemException(400, JobError.InvalidRequest, $"{name} is given more than once");
            var body = new HashingStream(section.Body, hash);
            // The client's file name is not looked at: names and types come from the bytes.
            stored.Add(await StoreAsync(name, () => inputs.StoreAsync(jobId, name, body, InputStore.Expected(name), cancellation)));
            return;
        }
        using var text = new MemoryStream();
        var buffer = new byte[4096];
        while (await section.Body.ReadAsync(buffer, cancellation) is var count && count > 0)
        {
            if (text.Length + count > LongestText)
                throw new ProblemException(413, JobError.TooLarge, $"{name}: expected at most {LongestText} bytes of text");
            text.Write(buffer, 0, count);
        }
        hash.AppendData(text.GetBuffer(), 0, (int)text.Length);
        fields.AddText(name, Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
    }

    private static async Task<JobInput> StoreAsync(string field, Func<Task<JobInput>> store)
    {
        try
        {
            return await store();
        }
        catch (WrongKindException wrong)
        {
            throw Refused(422, JobError.UnsupportedMedia, field, wrong.Message);
        }
        catch (InputException unfit)
        {
            throw Refused(unfit.Code is JobError.TooLarge ? 413 : 422, unfit.Code, field, unfit.Message);
        }
    }

    private static ProblemException Refused(int status, string code, string field, string message) =>
        new(status, code, $"{field}: {message}") { Errors = new Dictionary<string, string[]> { [field] = [message] } };

    private static JsonDocument Parse(byte[] raw)
    {
        try
        {
            var json = JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = 16 });
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? json
                : throw new ProblemException(400, JobError.InvalidRequest, $"expected a JSON object, found {json.RootElement.ValueKind}");
        }
        catch (JsonException exception)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"the body is not JSON: {exception.Message}");
        }
    }

    private static void Check(JobFields fields, IEnumerable<string> given)
    {
        var files = given.ToHashSet(StringComparer.Ordinal);
        if (!files.Contains("image") && !files.Contains("video") && !fields.Errors.ContainsKey("image") && !fields.Errors.ContainsKey("video"))
            fields.Wrong("image", "expected a picture in image or a source video in video");
        if (files.Contains("image") && files.Contains("video"))
            fields.Wrong("video", "expected either image or video, found both");
        if (!files.Contains("audio") && !fields.Errors.ContainsKey("audio"))
            fields.Wrong("audio", "expected a voice");
        if (fields.Errors.Count > 0)
        {
            var first = fields.Errors.First();
            throw new ProblemException(422, JobError.InvalidRequest, $"{first.Key}: {first.Value[0]}") { Errors = fields.Errors };
        }
    }
}
