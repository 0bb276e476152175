using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Submissions;

/// <summary>A submission that was read and checked. Files of a form are stored already, what is in JSON is not.</summary>
/// <param name="Urls">URLs by field, not yet looked at.</param>
/// <param name="Stored">Inputs that came as files.</param>
/// <param name="Hash">Equal for equal requests.</param>
/// <param name="HasFiles">Whether every file that came is stored; false where files were only compared.</param>
internal sealed record Draft(
    ResolvedRequest Asked, JobRequest Request, IReadOnlyList<(FileField Field, string Url)> Urls, IReadOnlyList<JobInput> Stored, string Hash, bool HasFiles = true);

/// <summary>Reads a submission from JSON or from a form with files. Files go straight into the data folder.</summary>
internal sealed class SubmissionReader(InputStore inputs, IFileStore store, ModelCatalog catalog, ServeSettings settings)
{
    private const int MostParts = 40;
    private const int LongestText = 1 << 16;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads and checks a submission.</summary>
    /// <param name="keepFiles">False reads the files of a form for its hash alone.</param>
    /// <exception cref="ProblemException">The request cannot be accepted as it is.</exception>
    public Task<Draft> ReadAsync(string jobId, HttpContext context, bool keepFiles) => GuardAsync(jobId, context, async cancellation =>
    {
        var request = context.Request;
        if (request.HasJsonContentType())
            return await ReadJsonAsync(request, cancellation);
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            return await ReadFormAsync(keepFiles ? jobId : null, request, HeaderUtilities.RemoveQuotes(type.Boundary).Value, cancellation);
        throw new ProblemException(415, "unsupported_media_type", "expected application/json or multipart/form-data");
    });

    /// <summary>Stores what the URLs of a draft carry themselves; the others are fetched later.</summary>
    /// <exception cref="ProblemException">An input cannot be used.</exception>
    public Task<JobRequest> StoreAsync(string jobId, Draft draft, HttpContext context) => GuardAsync(jobId, context, async cancellation =>
    {
        var all = draft.Stored.ToList();
        foreach (var (field, url) in draft.Urls)
        {
            all.Add(DataUrl.Is(url)
                ? await StoreAsync(field.Name, () => inputs.FetchAsync(jobId, field.Name, url, InputStore.Expected(field.Name), cancellation))
                : new JobInput { Field = field.Name, Url = url });
        }
        if (BoxCheck.Fault(draft.Asked.Settings, all) is { } fault)
            throw Refused(422, JobError.InvalidRequest, VideoFields.Boxes.Name, fault);
        return draft.Request with { Inputs = [.. all] };
    });

    /// <summary>Bounds the time, and removes what was stored when the submission comes to nothing.</summary>
    private async Task<T> GuardAsync<T>(string jobId, HttpContext context, Func<CancellationToken, Task<T>> act)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(TimeSpan.FromMinutes(settings.UploadMinutes));
        try
        {
            return await act(patience.Token);
        }
        catch (Exception exception)
        {
            await store.RemoveAsync(jobId, CancellationToken.None);
            if (exception is OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
                throw new ProblemException(408, JobError.TimedOut, string.Create(CultureInfo.InvariantCulture, $"expected the whole submission within {settings.UploadMinutes} minutes"));
            throw;
        }
    }

    private async Task<Draft> ReadJsonAsync(HttpRequest request, CancellationToken cancellation)
    {
        var most = (long)(settings.MaxJsonMb * 1e6);
        var raw = await BodyReader.ReadAsync(request, most, cancellation)
            ?? throw new ProblemException(413, JobError.TooLarge, $"expected a body of at most {most} bytes; upload large files as multipart/form-data");
        using var json = Parse(raw);
        var form = SubmissionFields.NewForm();
        foreach (var property in json.RootElement.EnumerateObject())
            form.Add(NameOf(property), property.Value);
        return Check(form, [], Convert.ToHexStringLower(SHA256.HashData(raw)));
    }

    /// <param name="jobId">Whose files they become; null stores none.</param>
    private async Task<Draft> ReadFormAsync(string? jobId, HttpRequest request, string? boundary, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 200)
            throw new ProblemException(400, JobError.InvalidRequest, "the multipart boundary is missing or too long");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var form = SubmissionFields.NewForm();
        var stored = new List<JobInput>();
        var reader = new MultipartReader(boundary, request.Body) { HeadersLengthLimit = 16 << 10 };
        var parts = 0;
        try
        {
            while (await reader.ReadNextSectionAsync(cancellation) is { } section)
            {
                if (++parts > MostParts)
                    throw new ProblemException(400, JobError.InvalidRequest, $"expected at most {MostParts} parts");
                await ReadPartAsync(jobId, section, form, stored, hash, cancellation);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && exception is not BadHttpRequestException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"the form cannot be read: {exception.Message}");
        }
        return Check(form, stored, Convert.ToHexStringLower(hash.GetHashAndReset())) with { HasFiles = jobId is not null };
    }

    /// <summary>The verdict on a submission, in the words that every door uses.</summary>
    private Draft Check(RequestForm form, IReadOnlyList<JobInput> stored, string hash)
    {
        var urls = SubmissionFields.Files.Select(field => (Field: field, Url: form.Address(field)!)).Where(file => file.Url is not null).ToList();
        foreach (var (field, url) in urls)
        {
            if (UrlFault(url) is { } fault)
                form.Faults.Add(field.Name, fault);
        }
        try
        {
            var asked = form.Resolve(catalog.Find);
            var request = StoredRequest.Store(asked.Request) with
            {
                Webhook = (string?)form.Value(SubmissionFields.Webhook),
                Metadata = (Dictionary<string, string>?)form.Value(SubmissionFields.Metadata),
            };
            return new Draft(asked, request, urls, stored, hash);
        }
        catch (RequestException refusal)
        {
            throw new ProblemException(422, JobError.InvalidRequest, refusal.Message) { Errors = refusal.Errors };
        }
    }

    private static string? UrlFault(string url)
    {
        try
        {
            if (!DataUrl.Is(url))
                UrlFetcher.Check(url);
            return null;
        }
        catch (InputException exception)
        {
            return exception.Message;
        }
    }

    private async Task ReadPartAsync(
        string? jobId, MultipartSection section, RequestForm form, List<JobInput> stored, IncrementalHash hash, CancellationToken cancellation)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || HeaderUtilities.RemoveQuotes(disposition.Name).Value is not { Length: > 0 } name)
            throw new ProblemException(400, JobError.InvalidRequest, "a part of the form has no name");
        hash.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
        if (disposition.IsFileDisposition() && SubmissionFields.Files.Any(field => field.Name == name))
        {
            if (!form.AddFile(name))
                return;
            var body = new HashingStream(section.Body, hash);
            // The client's file name is not looked at: names and types come from the bytes.
            if (jobId is null)
                await body.CopyToAsync(Stream.Null, cancellation);
            else
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
        form.AddText(name, TextOf(name, text));
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
        catch (IOException failure) when (failure is not BadHttpRequestException)
        {
            throw new InvalidOperationException($"{field}: the file cannot be stored", failure); // else it would read as a form that cannot be read
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
        if (!Utf8.IsValid(raw))
            throw new ProblemException(400, JobError.InvalidRequest, "expected a body in UTF-8");
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

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, "the name of a field is not valid Unicode");
        }
    }

    private static string TextOf(string name, MemoryStream text)
    {
        try
        {
            return StrictUtf8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"{name}: expected text in UTF-8");
        }
    }
}
