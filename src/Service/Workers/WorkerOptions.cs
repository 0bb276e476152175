using Locutor.Generation.Loading;
using Locutor.Jobs.Hosting;
using Locutor.Service.Settings;

namespace Locutor.Service.Workers;

/// <summary>The options of a worker process.</summary>
public sealed record WorkerOptions
{
    /// <summary>The gateways of nodes through which the worker joins the cluster; empty takes those that the database lists.</summary>
    public GatewayName[] Gateways { get; init; } = [];

    /// <summary>
    /// The settings of the service, such as its file store and its data folder, which a worker on another machine must share.
    /// </summary>
    public required ServeSettings Settings { get; init; }

    /// <summary>The device: cpu or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Indices of the GPUs that compute each video together, <see cref="Device"/> first; null for that device alone.</summary>
    public string? Gpus { get; init; }

    /// <summary>The model that is loaded before the first job; null for the default of the program.</summary>
    public string? Model { get; init; }

    /// <summary>The models whose jobs the worker takes; null for all models whose files are complete on its disk.</summary>
    public string[]? Models { get; init; }

    /// <summary>The limit of device memory in bytes; null for all of it.</summary>
    public long? VramBudget { get; init; }

    public Precision Precision { get; init; }

    /// <summary>The folder of model files; null for the default folder.</summary>
    public string? Store { get; init; }

    /// <summary>The unique name of the worker; when empty, a name is generated.</summary>
    public string Id { get; init; } = "";

    /// <summary>The time for which a stopping worker may continue its job before it hands the job back.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest duration of one attempt.</summary>
    public TimeSpan LongestRun { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The longest time without progress before an attempt is stopped.</summary>
    public TimeSpan LongestStall { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The time for which the end of an attempt is reported again while the service cannot be reached.</summary>
    public TimeSpan ReportPatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether a service started this worker. Such a worker ends with the service.</summary>
    public bool Attached { get; init; }
}
