using Locutor.Generation.Requests;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Models;
using Locutor.Service.Availability;

namespace Locutor.Service.Submissions;

/// <summary>
/// Chooses the number of parts of a long voice if the request does not give it. The choice is made once and kept with the job, since
/// every attempt at the job must make the same parts.
/// </summary>
internal sealed class DefaultParts(IGrainFactory grains)
{
    /// <summary>The number of parts in a request that does not give one.</summary>
    public const int Unknown = 0;

    /// <summary>The shortest voice that is divided by default. A video in parts plays only when they are joined.</summary>
    private const double LeastSeconds = 120;

    /// <summary>Returns the request with a number of parts.</summary>
    /// <param name="request">The request with its inputs.</param>
    /// <param name="bundle">The model of the request.</param>
    public async Task<JobRequest> ChooseAsync(JobRequest request, Bundle bundle)
    {
        if (request.MostParts != Unknown)
            return request;
        double seconds = request.Inputs.Where(input => input.Field == VideoFields.Audio.Name).Sum(input => input.Seconds);
        int most = bundle.Parts > 1 && seconds >= LeastSeconds ? Math.Min(bundle.Parts, await IdleAsync()) : 1;
        return request with { MostParts = Math.Max(1, most) };
    }

    private async Task<int> IdleAsync()
    {
        try
        {
            return (await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).WorkersAsync()).Count(worker => worker.State == "idle");
        }
        catch (Exception exception) when (Outage.Is(exception))
        {
            return 1;
        }
    }
}
