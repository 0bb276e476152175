using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Models.Store;
using Locutor.Service.Files;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Speech;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Submissions;

/// <summary>
/// A submission after <see cref="SubmissionReader.ReadAsync"/>: every field is checked, and the files of a form are in the file store.
/// Inputs given as URLs are neither fetched nor stored yet; <see cref="SubmissionReader.StoreAsync(string, Draft, HttpContext)"/> is the
/// next step.
/// </summary>
/// <param name="Asked">The requested video, with the defaults of the model and the preset.</param>
/// <param name="Request">The request as the job keeps it: the caller's own fields, webhook and metadata, without inputs.</param>
/// <param name="Urls">Inputs given as http, https or data URLs, by field. The syntax of each URL is checked, its content is not.</param>
/// <param name="Stored">Inputs that the caller sent as files of a form.</param>
/// <param name="Hash">SHA-256 of the submission in lower-case hex, to recognise a repeated request under one Idempotency-Key.</param>
/// <param name="HasFiles">False when the files of the form were only hashed and not stored.</param>
internal sealed record Draft(
    ResolvedRequest Asked, JobRequest Request, IReadOnlyList<(FileField Field, string Url)> Urls, IReadOnlyList<JobInput> Stored,
    string Hash, bool HasFiles = true);

/// <summary>
/// Reads a submission of a job from an HTTP request. The body is a JSON object, or a multipart form that may contain files. Two calls make
/// a job request: <see cref="ReadAsync"/> checks the fields and streams the files of a form into the file store, and
/// <see cref="StoreAsync(string, Draft, HttpContext)"/> adds the inputs that the caller gave as URLs. If either call fails, the files of
/// the job are removed.
/// </summary>
internal sealed class SubmissionReader(
    InputStore inputs, IFileStore store, ModelCatalog catalog, SpokenInputs spoken, ServeSettings settings)
{
    // Limits of a form: the number of its parts, and the bytes of one text field.
    private const int MostParts = 40;
    private const int LongestText = 1 << 16;

    /// <summary>The most bytes of a JSON body, and of a file that a form holds as a data URL.</summary>
    private long MostJson => (long)(settings.MaxJsonMb * 1e6);

    /// <summary>Reads the body of the request and checks every field.</summary>
    /// <param name="jobId">The id of the new job. Files of a form are stored under it.</param>
    /// <param name="context">The request. Its content type decides whether the body is read as JSON or as a form.</param>
    /// <param name="keepFiles">
    /// True stores the files of a form. False only hashes them, to compare a repeated request with the first one.
    /// </param>
    /// <exception cref="ProblemException">
    /// The submission is refused. Status 400: the body cannot be parsed. 408: it took longer than the upload limit of the settings.
    /// 413: it is too large. 415: the content type is neither JSON nor a form. 422: a field or a file is not valid.
    /// </exception>
    /// <param name="dialect">The names of the fields; null for those of this service.</param>
    public Task<Draft> ReadAsync(string jobId, HttpContext context, bool keepFiles, Dialect? dialect = null) => GuardAsync(
        jobId, context, async cancellationToken =>
    {
        var request = context.Request;
        if (request.HasJsonContentType())
            return ReadJson(await ReadBodyAsync(request, cancellationToken), dialect ?? Dialect.Own);
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return await ReadFormAsync(
                keepFiles ? jobId : null, request, HeaderUtilities.RemoveQuotes(type.Boundary).Value, dialect ?? Dialect.Own,
                cancellationToken);
        }

        throw new ProblemException(415, "unsupported_media_type", "expected application/json or multipart/form-data");
    });

    /// <summary>
    /// Completes a draft: decodes and stores the inputs given as data URLs, speaks a text, and checks the boxes of the speakers against the
    /// picture. Inputs with http and https URLs keep their URL; <see cref="InputFetchService"/> fetches them after the job is accepted.
    /// </summary>
    /// <returns>The request of the job with all its inputs.</returns>
    /// <exception cref="ProblemException">
    /// Status 408: it took longer than the upload limit of the settings. 413: an input is too large. 422: an input cannot be used, or the
    /// boxes do not fit the picture.
    /// </exception>
    public Task<JobRequest> StoreAsync(string jobId, Draft draft, HttpContext context) => GuardAsync(
        jobId, context, async cancellationToken =>
    {
        var all = draft.Stored.ToList();
        foreach (var (field, url) in draft.Urls)
        {
            all.Add(DataUrl.Is(url)
                ? await StoreAsync(
                    field.Name, () => inputs.FetchAsync(jobId, field.Name, url, InputStore.Expected(field.Name), cancellationToken))
                : new JobInput { Field = field.Name, Url = url });
        }
        if (draft.Asked.Script is not null)
            all.AddRange(await spoken.StoreAsync(jobId, draft.Asked, cancellationToken));
        if (draft.Asked.Transcript is { } transcript)
        {
            all.Add(await inputs.StoreTextAsync(
                jobId, VideoFields.Transcript.Name, ".txt", transcript.ToString(), "text/plain; charset=utf-8", cancellationToken));
        }
        if (BoxCheck.Fault(draft.Asked.Settings, all) is { } fault)
            throw Refused(422, JobError.InvalidRequest, VideoFields.Boxes.Name, fault);
        return draft.Request with { Inputs = [.. all] };
    });

    /// <summary>
    /// Runs one step of a submission under the time limit of uploads (the setting is in minutes). If the step fails for any reason,
    /// removes all files of the job.
    /// </summary>
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
            {
                throw new ProblemException(
                    408, JobError.TimedOut,
                    string.Create(CultureInfo.InvariantCulture, $"expected the whole submission within {settings.UploadMinutes} minutes"));
            }

            throw;
        }
    }

    /// <summary>Reads a body into memory, within the limit for JSON.</summary>
    public async Task<byte[]> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        return await BodyReader.ReadAsync(request, MostJson, cancellationToken)
            ?? throw new ProblemException(
                413, JobError.TooLarge, $"expected a body of at most {MostJson} bytes; upload large files as multipart/form-data");
    }

    /// <summary>Reads a submission in JSON. Its hash covers the bytes, so another order of the fields gives another hash.</summary>
    public Draft ReadJson(byte[] raw, Dialect dialect)
    {
        using var json = SubmissionText.Parse(raw);
        var form = SubmissionFields.NewForm();
        foreach (var property in json.RootElement.EnumerateObject())
        {
            string name = SubmissionText.NameOf(property);
            if (dialect.NameOf(name) is { } own)
                form.Add(own, dialect.ValueOf(name, property.Value));
        }
        return Check(form, [], Convert.ToHexStringLower(SHA256.HashData(raw)));
    }

    /// <summary>Reads a multipart form part by part. Its hash covers the names and contents of the parts in their order.</summary>
    /// <param name="jobId">The job under which files are stored; null stores no files and only hashes them.</param>
    private async Task<Draft> ReadFormAsync(
        string? jobId, HttpRequest request, string? boundary, Dialect dialect, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(boundary) || boundary.Length > 200)
            throw new ProblemException(400, JobError.InvalidRequest, "the multipart boundary is missing or too long");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var form = SubmissionFields.NewForm();
        var stored = new List<JobInput>();
        var reader = new MultipartReader(boundary, request.Body) { HeadersLengthLimit = 16 << 10 };
        int parts = 0;
        try
        {
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (++parts > MostParts)
                    throw new ProblemException(400, JobError.InvalidRequest, $"expected at most {MostParts} parts");
                await ReadPartAsync(jobId, section, dialect, form, stored, hash, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && exception is not BadHttpRequestException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"the form cannot be read: {exception.Message}");
        }
        return Check(form, stored, Convert.ToHexStringLower(hash.GetHashAndReset())) with { HasFiles = jobId is not null };
    }

    /// <summary>
    /// Checks all fields together and reports all errors at once. The rules and messages of video fields come from
    /// <see cref="RequestForm"/>, which the command line uses too.
    /// </summary>
    private Draft Check(RequestForm form, IReadOnlyList<JobInput> stored, string hash)
    {
        var urls = SubmissionFields.Files.Select(field => (Field: field, Url: form.Address(field)!)).Where(file => file.Url is not null)
            .ToList();
        foreach (var (field, url) in urls)
        {
            if (UrlFault(url) is { } fault)
                form.Faults.Add(field.Name, fault);
        }
        try
        {
            ResolvedBundle model = null!;
            var asked = form.Resolve(name => (model = catalog.FindWithFiles(name)).Bundle);
            AdapterFit.Check(model, asked.Settings.Adapters);
            var request = StoredRequest.Store(asked.Request).Deliver(form);
            return new Draft(asked, request, urls, stored, hash);
        }
        catch (RequestException refusal)
        {
            throw new ProblemException(422, JobError.InvalidRequest, refusal.Message) { Errors = refusal.Errors };
        }
    }

    /// <summary>Returns why a URL cannot be fetched, or null. Only scheme and syntax are checked; data URLs are decoded later.</summary>
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

    /// <summary>Adds one part of a form: a file of an input field goes to the file store, all other parts are texts in UTF-8.</summary>
    private async Task ReadPartAsync(
        string? jobId, MultipartSection section, Dialect dialect, RequestForm form, List<JobInput> stored, IncrementalHash hash,
        CancellationToken cancellationToken)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
            || HeaderUtilities.RemoveQuotes(disposition.Name).Value is not { Length: > 0 } given)
        {
            throw new ProblemException(400, JobError.InvalidRequest, "a part of the form has no name");
        }

        hash.AppendData(Encoding.UTF8.GetBytes(given + "\n"));
        if (dialect.NameOf(given) is not { } name)
            return; // The rest of the part is skipped when the next one is read.
        if (disposition.IsFileDisposition() && SubmissionFields.Files.Any(field => field.Name == name))
        {
            if (!form.AddFile(name))
                return;
            var body = new HashingStream(section.Body, hash);
            // The stored name and type come from the bytes of the file. The client's name is kept only for people.
            if (jobId is null)
            {
                await body.CopyToAsync(Stream.Null, cancellationToken);
            }
            else
            {
                var input = await StoreAsync(
                    name, () => inputs.StoreAsync(jobId, name, body, InputStore.Expected(name), cancellationToken));
                stored.Add(input with { Name = FileNames.Clean(FileNames.From(disposition)) });
            }

            return;
        }
        // A file may also be given as a data URL.
        long most = SubmissionFields.Files.Any(field => field.Name == name) ? MostJson : LongestText;
        using var text = await SubmissionText.ReadAsync(name, section.Body, most, cancellationToken);
        hash.AppendData(text.GetBuffer(), 0, (int)text.Length);
        form.AddText(name, SubmissionText.Decode(name, text));
    }

    /// <summary>Stores one input and turns errors of the file into a refusal (413 or 422) that names the field.</summary>
    /// <exception cref="InvalidOperationException">The file store failed; the error is not the caller's.</exception>
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
            // An IOException would be reported to the caller as a form that cannot be read.
            throw new InvalidOperationException($"{field}: the file cannot be stored", failure);
        }
        catch (InputException unfit)
        {
            throw Refused(unfit.Code is JobError.TooLarge ? 413 : 422, unfit.Code, field, unfit.Message);
        }
    }

    private static ProblemException Refused(int status, string code, string field, string message) =>
        new(status, code, $"{field}: {message}") { Errors = new Dictionary<string, string[]> { [field] = [message] } };
}
