using Locutor.Jobs.Records;
using Locutor.Service.Http;
using Locutor.Service.Submissions;

namespace Locutor.Service.Views;

/// <summary>A filter of the jobs in a list.</summary>
/// <param name="After">The earliest time of acceptance; null for any.</param>
/// <param name="Before">The time before which the jobs were accepted; null for any.</param>
/// <param name="Metadata">Texts that the metadata of the jobs must have, by name.</param>
internal sealed record JobFilter(DateTimeOffset? After, DateTimeOffset? Before, IReadOnlyDictionary<string, string> Metadata)
{
    private const string Prefix = "metadata.";

    /// <summary>Lists all jobs.</summary>
    public static JobFilter All { get; } = new(null, null, new Dictionary<string, string>());

    /// <summary>Reads the filter from a query.</summary>
    /// <exception cref="ProblemException">Status 400: a time cannot be read.</exception>
    public static JobFilter From(IQueryCollection query, string? after, string? before) => new(
        TimeOf("created_after", after), TimeOf("created_before", before),
        query.Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[Prefix.Length..], pair => pair.Value.ToString(), StringComparer.Ordinal));

    public bool Fits(JobRecord job) => !(job.CreatedAt < After) && !(job.CreatedAt >= Before)
        && Metadata.All(wanted => job.Request.Metadata?.GetValueOrDefault(wanted.Key) == wanted.Value);

    /// <summary>The cursor before which the first job of the list was accepted; null when the list begins with the newest job.</summary>
    public long? FirstCursor => Before is { } time ? OrderOf(time) : null;

    /// <summary>Returns whether neither this job nor any earlier job in the order can be in the list.</summary>
    public bool EndsAt(long order) => After is { } time && order < OrderOf(time);

    private static long OrderOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTimeOffset? TimeOf(string name, string? text) => text is null ? null
        : SubmissionFields.TimeOf(text) ?? throw new ProblemException(
            400, JobError.InvalidRequest, $"{name}: expected a date and time with its zone, as 2027-03-01T12:00:00Z, found '{text}'");
}
