using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Files;
using Locutor.Service.Http;

namespace Locutor.Service.Submissions;

/// <summary>Turns a request of any protocol into an accepted job: limits, idempotency key, inputs and the job itself.</summary>
internal sealed class JobIntake(SubmissionReader reader, JobSubmitter submitter, DefaultParts parts, IFileStore store)
{
    /// <summary>Accepts the submission in the body of a request.</summary>
    /// <param name="key">The idempotency key; null for none.</param>
    /// <param name="dialect">The names of the fields; null for those of this service.</param>
    /// <exception cref="ProblemException">The submission is refused.</exception>
    public async Task<Accepted> AcceptAsync(Token caller, HttpContext context, string? key, Dialect? dialect = null)
    {
        await submitter.CheckLimitsAsync(caller, context.Response);
        string id = JobId.New();
        // The files of a repeated request are only hashed for the comparison, not stored again.
        var draft = await reader.ReadAsync(id, context, keepFiles: !await submitter.KnowsAsync(caller, key), dialect);
        return await AcceptAsync(caller, context, id, draft, key);
    }

    /// <summary>Accepts a submission in JSON that is not the body of the request itself.</summary>
    public async Task<Accepted> AcceptJsonAsync(Token caller, HttpContext context, byte[] json, string? key)
    {
        await submitter.CheckLimitsAsync(caller, context.Response);
        return await AcceptAsync(caller, context, JobId.New(), reader.ReadJson(json, Dialect.Own), key);
    }

    private async Task<Accepted> AcceptAsync(Token caller, HttpContext context, string id, Draft draft, string? key)
    {
        if (await submitter.FindAsync(caller, key, draft.Hash) is { } accepted)
        {
            if (draft.Stored.Count > 0)
                await store.RemoveAsync(id, CancellationToken.None); // An equal request was accepted while this one was read.
            return accepted;
        }
        if (!draft.HasFiles)
        {
            throw new ProblemException(
                409, "key_released", "the job of this Idempotency-Key was deleted while the request arrived; send it again")
            { RetryAfter = 1 };
        }
        var request = await parts.ChooseAsync(await reader.StoreAsync(id, draft, context), draft.Asked.Bundle);
        return await submitter.SubmitAsync(caller, id, request, key, draft.Hash);
    }
}
