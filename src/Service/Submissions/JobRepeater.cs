using System.Security.Cryptography;
using System.Text;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Files;
using Locutor.Service.Http;

namespace Locutor.Service.Submissions;

/// <summary>Submits a job again, with the fields of the first one and copies of its stored inputs.</summary>
internal sealed class JobRepeater(IFileStore store, DataFolder folder, ModelCatalog catalog, JobSubmitter submitter)
{
    /// <summary>Submits a job again.</summary>
    /// <param name="caller">The token of the caller, who owns the job.</param>
    /// <param name="job">The job to repeat, in any state.</param>
    /// <param name="seed">The seed of the new job; null chooses a new seed.</param>
    /// <param name="key">The Idempotency-Key, or null.</param>
    /// <param name="cancellationToken">Cancels the copying.</param>
    /// <exception cref="ProblemException">
    /// Status 410: the inputs were removed. 422: the model is no longer offered, or the key was used for another request. Other statuses
    /// are those of <see cref="JobSubmitter.SubmitAsync"/>.
    /// </exception>
    public async Task<Accepted> SubmitAsync(Token caller, JobRecord job, long? seed, string? key, CancellationToken cancellationToken)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"again {job.Id} {seed}")));
        if (await submitter.FindAsync(caller, key, hash) is { } earlier)
            return earlier;
        var asked = StoredRequest.Load(job.Request);
        try
        {
            catalog.Find(asked[VideoFields.Model]);
        }
        catch (RequestException gone)
        {
            throw new ProblemException(422, JobError.InvalidRequest, gone.Message) { Errors = gone.Errors };
        }
        string id = JobId.New();
        try
        {
            var inputs = new List<JobInput>();
            foreach (var input in job.Request.Inputs)
                inputs.Add(await CopyAsync(input, id, cancellationToken));
            var video = asked.With(VideoFields.Seed, seed ?? RandomNumberGenerator.GetInt32(int.MaxValue));
            var request = StoredRequest.Store(video, job.Request) with
            {
                Inputs = [.. inputs],
                NotAfter = null, // A deadline is not repeated: it may have passed.
            };
            return await submitter.SubmitAsync(caller, id, request, key, hash);
        }
        catch (Exception exception) when (exception is IOException or ProblemException or OperationCanceledException)
        {
            await store.RemoveAsync(id, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Copies a stored input to the new job. An input that was never fetched keeps its URL.</summary>
    private async Task<JobInput> CopyAsync(JobInput input, string jobId, CancellationToken cancellationToken)
    {
        if (input.Path is not { } path)
            return input.Url is null ? throw Gone() : input;
        await using var stored = await store.OpenAsync(path, cancellationToken) ?? throw Gone();
        string aside = folder.Aside();
        try
        {
            await using (var file = File.Create(aside))
                await stored.CopyToAsync(file, cancellationToken);
            string copy = DataFolder.InputPath(jobId, Path.GetFileName(path));
            await store.KeepAsync(aside, copy, input.ContentType, cancellationToken);
            return input with { Path = copy };
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private static ProblemException Gone() => new(410, "expired", "the inputs of this job were removed; submit them again");
}
