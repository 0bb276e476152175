using Locutor.Generation.Loading;
using Locutor.Jobs.Hosting;
using Locutor.Service.Settings;

namespace Locutor.Service.Workers;

/// <summary>How a worker process is set up.</summary>
public sealed record WorkerOptions
{
    /// <summary>Nodes at which the cluster is joined; empty takes those that the database lists.</summary>
    public GatewayName[] Gateways { get; init; } = [];

    /// <summary>The settings of the service: its data folder, shared when the worker runs on another machine, and its store of files.</summary>
    public required ServeSettings Settings { get; init; }

    /// <summary>cpu or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>bundle or stub.</summary>
    public string Generator { get; init; } = "bundle";
    public double StubSeconds { get; init; } = 1;

    /// <summary>Model that is loaded before the first job; null takes the program's default.</summary>
    public string? Model { get; init; }

    /// <summary>Bytes of the device to make do with; null: all of it.</summary>
    public long? VramBudget { get; init; }

    public Precision Precision { get; init; }

    /// <summary>Folder of model files; null: the usual one.</summary>
    public string? Store { get; init; }

    /// <summary>Unique name; made up when empty.</summary>
    public string Id { get; init; } = "";

    /// <summary>How long a stopping worker may finish its job before handing it back.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest run of one attempt.</summary>
    public TimeSpan LongestRun { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Longest time without progress in one stage of a job.</summary>
    public TimeSpan LongestStall { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Whether a service started this worker: it ends with the service.</summary>
    public bool Attached { get; init; }
}
