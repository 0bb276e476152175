namespace Locutor.AspNetCore;

/// <summary>Settings of the job service inside a program. They are checked when the program starts.</summary>
public sealed class LocutorOptions
{
    /// <summary>
    /// Model for jobs that do not name one (<see cref="TalkingVideoModel.List"/>); null for the bundled model. It is loaded when the
    /// program starts.
    /// </summary>
    public string? Model { get; set; }

    /// <summary>The device that runs the networks: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>Precision of the networks' weights and computations.</summary>
    public ModelPrecision Precision { get; set; }

    /// <summary>Largest use of GPU memory in bytes, at least 1; null for all memory.</summary>
    public long? MemoryBudget { get; set; }

    /// <summary>Folder of downloaded model files; null for the folder that <see cref="ModelOptions.Store"/> describes.</summary>
    public string? Store { get; set; }

    /// <summary>
    /// Folder of the database, of inputs and of results. It is created if it does not exist. Only one service can use it at a time. Null
    /// for <c>locutor</c> in the user's folder of application data.
    /// </summary>
    public string? DataFolder { get; set; }

    /// <summary>
    /// True if requests need a token; <c>locutor tokens create --data FOLDER</c> creates one. Without tokens the service answers only
    /// requests whose host is <c>localhost</c> or a loopback address.
    /// </summary>
    public bool RequireTokens { get; set; } = true;

    /// <summary>Time for which results and inputs are kept; greater than zero.</summary>
    public TimeSpan KeepResults { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Time for which the running job may continue when the program stops, from 0 seconds to 1 day. A job that has not ended by then runs
    /// again after the next start.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Other settings of the service by name, such as <c>max_queued</c>; <c>locutor serve --settings</c> lists them.
    /// </summary>
    public IDictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
