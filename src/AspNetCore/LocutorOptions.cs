namespace Locutor.AspNetCore;

/// <summary>How the job service inside a program is set up. The options are checked when the program starts.</summary>
public sealed class LocutorOptions
{
    /// <summary>
    /// Model of jobs that name none (<see cref="TalkingVideoModel.List"/>); null for the model that the package brings. It is loaded when
    /// the program starts.
    /// </summary>
    public string? Model { get; set; }

    /// <summary>The device that runs the networks: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>How exactly the networks compute.</summary>
    public ModelPrecision Precision { get; set; }

    /// <summary>Bytes of the GPU's memory that may be used, at least 1; null for all.</summary>
    public long? MemoryBudget { get; set; }

    /// <summary>Folder of fetched model files; null as in <see cref="ModelOptions.Store"/>.</summary>
    public string? Store { get; set; }

    /// <summary>
    /// Folder of the database, of inputs and of results; it is created where it does not exist, and only one service may use it at a time.
    /// Null for <c>locutor</c> in the user's folder of application data.
    /// </summary>
    public string? DataFolder { get; set; }

    /// <summary>
    /// Whether callers need a token, which <c>locutor tokens create --data FOLDER</c> makes. Without tokens the service answers only
    /// callers that address it as <c>localhost</c> or as a loopback address.
    /// </summary>
    public bool RequireTokens { get; set; } = true;

    /// <summary>How long results and inputs are kept, above zero.</summary>
    public TimeSpan KeepResults { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long the job in work may continue when the program stops; after that it is made again by the next start. 0 seconds to 1 day.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Any other setting of the service by its name, such as <c>max_queued</c>; <c>locutor serve --settings</c> lists them.
    /// </summary>
    public IDictionary<string, string> Settings { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
