using Locutor.Checkpoints;
using Microsoft.Extensions.Configuration;

namespace Locutor.Service.Settings;

/// <summary>
/// One setting. Its key in the settings file is <see cref="Name"/>, its environment variable is <c>LOCUTOR_</c> and the name in capitals,
/// and on the command line it is <c>--set name=value</c> (some settings also have their own option).
/// </summary>
public sealed record Setting(string Name, string Help, Func<ServeSettings, string> Show, Func<ServeSettings, string, ServeSettings> Set);

/// <summary>The table of all settings. The documentation shows this table too.</summary>
public static partial class SettingsTable
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        Text("urls", "addresses to listen on, separated by semicolons", s => s.Urls, (s, v) => s with { Urls = v }),
        Text("data", "folder of the database, inputs and results", s => s.Data, (s, v) => s with { Data = Folder("data", v) }),
        Flag("no_auth", "serve without tokens; only on loopback addresses", s => s.NoAuth, (s, v) => s with { NoAuth = v }),
        Text(
            "postgres", "connection string of a shared PostgreSQL database instead of SQLite", s => Secret(s.Postgres),
            (s, v) => s with { Postgres = Empty(v) }),
        Text(
            "s3_bucket", "bucket that keeps inputs and results instead of the data folder", s => s.S3Bucket ?? "",
            (s, v) => s with { S3Bucket = Empty(v) }),
        new(
            "s3_endpoint", "address of an S3-compatible server; empty means Amazon S3", s => s.S3Endpoint ?? "",
            (s, v) => s with { S3Endpoint = Endpoint(v) }),
        Text("s3_region", "region of the bucket", s => s.S3Region, (s, v) => s with { S3Region = v }),
        Text("s3_prefix", "prefix of the names of all objects", s => s.S3Prefix, (s, v) => s with { S3Prefix = v.TrimStart('/') }),
        Text(
            "s3_access_key", "access key; empty uses the default credentials of AWS tools", s => s.S3AccessKey ?? "",
            (s, v) => s with { S3AccessKey = Empty(v) }),
        Text(
            "s3_secret_key", "secret of the access key; safer in the environment than on the command line", s => Secret(s.S3SecretKey),
            (s, v) => s with { S3SecretKey = Empty(v) }),
        Flag(
            "adopt_store", "accept this data folder or bucket although the database expects another one; for one start after a loss",
            s => s.AdoptStore, (s, v) => s with { AdoptStore = v }),
        Whole(
            "silo_port", "port between the machines of a cluster; 0 chooses a free one", 0, 65_535, s => s.SiloPort,
            (s, v) => s with { SiloPort = v }),
        Whole(
            "gateway_port", "port at which workers join; 0 chooses a free one", 0, 65_535, s => s.GatewayPort,
            (s, v) => s with { GatewayPort = v }),
        new(
            "cluster_address", "address at which the other machines of a cluster reach this one", s => s.ClusterAddress.ToString(),
            (s, v) => s with { ClusterAddress = Address("cluster_address", v) }),
        Flag(
            "cluster_tls", "encrypt the connections between nodes and workers and check both ends by the cluster's certificate",
            s => s.ClusterTls, (s, v) => s with { ClusterTls = v }),
        Text(
            "cluster_certificate",
            "file of that certificate, created by 'locutor cluster init'; empty means cluster.pem in the data folder",
            s => s.ClusterCertificate ?? "", (s, v) => s with { ClusterCertificate = Empty(v) }),
        Text(
            "workers", "devices that run a worker, separated by commas (cuda:0,cuda:1 or cpu); auto uses every GPU; none starts no worker",
            s => s.Workers, (s, v) => s with { Workers = v }),
        Text(
            "gpus", "GPUs that one worker uses together for each video, such as 0,1; empty starts one worker per GPU",
            s => s.Gpus ?? "", (s, v) => s with { Gpus = Empty(v) }),
        Text(
            "model", "model of jobs that name none; empty uses the program's default", s => s.Model ?? "",
            (s, v) => s with { Model = Empty(v) }),
        Text(
            "store", "folder of model files; empty uses the folder of 'locutor models pull'", s => s.Store ?? "",
            (s, v) => s with { Store = Empty(v) is { } folder ? Path.GetFullPath(folder) : null }),
        new(
            "vram_budget", "memory to use on each GPU, in GiB; empty uses all of it", s => s.VramBudget ?? "",
            (s, v) => s with { VramBudget = Budget(v) }),
        Choice(
            "precision", "precision of the networks; auto selects the best one for the device",
            ["auto", "float32", "bfloat16", "float8", "int8"], s => s.Precision, (s, v) => s with { Precision = v }),
        Number(
            "lease_seconds", "seconds without a report after which a worker loses its job", 2, 60, s => s.LeaseSeconds,
            (s, v) => s with { LeaseSeconds = v }),
        Number(
            "drain_seconds", "time that a stopping worker has to finish its job before it hands the job back", 0, 86_400,
            s => s.DrainSeconds, (s, v) => s with { DrainSeconds = v }),
        Number(
            "notice_seconds", "least time that a stopping service still answers, so that load balancers see that it is not ready", 0, 3600,
            s => s.NoticeSeconds, (s, v) => s with { NoticeSeconds = v }),
        Number(
            "stall_minutes", "time limit without progress in one stage of a job; then the attempt ends", 0.05, 1440, s => s.StallMinutes,
            (s, v) => s with { StallMinutes = v }),
        Number("job_hours", "time limit of one attempt", 0.001, 1000, s => s.JobHours, (s, v) => s with { JobHours = v }),
        Flag(
            "allow_private_addresses", "also fetch from private and loopback addresses", s => s.AllowPrivateAddresses,
            (s, v) => s with { AllowPrivateAddresses = v }),
        new(
            "allow_addresses", "private networks from which inputs may be fetched, as 10.1.0.0/16, separated by commas",
            s => string.Join(",", s.AllowAddresses), (s, v) => s with { AllowAddresses = Networks("allow_addresses", v) }),
        Number(
            "fetch_seconds", "time limit for one input or webhook", 1, 3600, s => s.FetchSeconds, (s, v) => s with { FetchSeconds = v }),
        Number(
            "fetch_idle_seconds", "time limit without a received byte during a fetch", 0.1, 600, s => s.FetchIdleSeconds,
            (s, v) => s with { FetchIdleSeconds = v }),
        Whole("fetch_in_parallel", "inputs fetched at a time", 1, 256, s => s.FetchInParallel, (s, v) => s with { FetchInParallel = v }),
        new(
            "speech_url",
            "address of a server that speaks OpenAI's /v1/audio/speech, as http://127.0.0.1:8880; empty uses only the programs on " +
            "this machine",
            s => s.SpeechUrl ?? "", (s, v) => s with { SpeechUrl = SpeechAddress(v) }),
        Text(
            "speech_model", "model in requests to the speech server; empty means tts-1", s => s.SpeechModel ?? "",
            (s, v) => s with { SpeechModel = Empty(v) }),
        Text(
            "speech_voices", "voices of the speech server, separated by commas; empty asks the server", s => s.SpeechVoices ?? "",
            (s, v) => s with { SpeechVoices = Empty(v) }),
        Text(
            "speech_key", "key of the speech server; safer in the environment than on the command line", s => Secret(s.SpeechKey),
            (s, v) => s with { SpeechKey = Empty(v) }),
        new(
            "speech_allow_addresses",
            "private networks in which the speech server may be, as 10.1.0.0/16, separated by commas; an IP address or localhost in " +
            "speech_url is always allowed",
            s => string.Join(",", s.SpeechAllowAddresses),
            (s, v) => s with { SpeechAllowAddresses = Networks("speech_allow_addresses", v) }),
        Number(
            "max_input_mb", "largest input file, after decompression", 0.01, 65_536, s => s.MaxInputMb,
            (s, v) => s with { MaxInputMb = v }),
        Number("max_request_mb", "largest upload request", 0.01, 65_536, s => s.MaxRequestMb, (s, v) => s with { MaxRequestMb = v }),
        Number("max_json_mb", "largest JSON request (data: URLs count)", 0.01, 1024, s => s.MaxJsonMb, (s, v) => s with { MaxJsonMb = v }),
        Number(
            "upload_minutes", "time limit for a submission to arrive", 0.01, 1440, s => s.UploadMinutes,
            (s, v) => s with { UploadMinutes = v }),
        Number(
            "max_audio_seconds", "longest voice or source video", 1, 86_400, s => s.MaxAudioSeconds,
            (s, v) => s with { MaxAudioSeconds = v }),
        Number(
            "max_picture_megapixels", "largest picture", 0.01, 1000, s => s.MaxPictureMegapixels,
            (s, v) => s with { MaxPictureMegapixels = v }),
        Whole("max_queued", "jobs of all tokens that may wait", 1, 1_000_000, s => s.MaxQueued, (s, v) => s with { MaxQueued = v }),
        Whole(
            "max_queued_per_token", "jobs of one token that may wait", 1, 1_000_000, s => s.MaxQueuedPerToken,
            (s, v) => s with { MaxQueuedPerToken = v }),
        Whole(
            "max_running_per_token", "jobs of one token that may run at a time; 0 means no limit", 0, 1_000_000,
            s => s.MaxRunningPerToken, (s, v) => s with { MaxRunningPerToken = v }),
        Number(
            "month_video_seconds", "seconds of finished video per token and month; 0 means no limit", 0, 1e12,
            s => s.MonthVideoSeconds, (s, v) => s with { MonthVideoSeconds = v }),
        Number(
            "month_gpu_seconds", "seconds of GPU time per token and month; 0 means no limit", 0, 1e12, s => s.MonthGpuSeconds,
            (s, v) => s with { MonthGpuSeconds = v }),
        Whole(
            "submits_per_minute", "jobs that one token may submit per minute", 1, 10_000_000, s => s.SubmitsPerMinute,
            (s, v) => s with { SubmitsPerMinute = v }),
        Whole(
            "requests_per_minute", "requests of any kind that one token may send per minute", 1, 100_000_000, s => s.RequestsPerMinute,
            (s, v) => s with { RequestsPerMinute = v }),
        Number(
            "keep_days", "days for which results and inputs are kept", 0.00001, 36_500, s => s.KeepDays,
            (s, v) => s with { KeepDays = v }),
        Number(
            "quota_gb", "disk space for inputs and results; above it, the oldest results are removed, and then new jobs are refused",
            0.001, 1_000_000, s => s.QuotaGb, (s, v) => s with { QuotaGb = v }),
        Number(
            "clean_seconds", "pause between two checks for expired files and for disk space", 0.1, 3600, s => s.CleanSeconds,
            (s, v) => s with { CleanSeconds = v }),
        Number(
            "webhook_hours", "time for which a webhook is retried", 0.001, 1000, s => s.WebhookHours,
            (s, v) => s with { WebhookHours = v }),
        new(
            "public_url", "address at which callers reach the service, as https://talk.example.org; empty uses the address of the request",
            s => s.PublicUrl ?? "", (s, v) => s with { PublicUrl = Origin(v) }),
        new(
            "cors_origins",
            "origins whose pages may call the API from a browser, as https://app.example.org, separated by commas; * means every origin",
            s => string.Join(",", s.CorsOrigins), (s, v) => s with { CorsOrigins = Origins(v) }),
        new(
            "oidc_authority",
            "OpenID Connect provider whose JSON Web Tokens are accepted as bearer tokens, as https://login.example.org; empty means none",
            s => s.OidcAuthority ?? "", (s, v) => s with { OidcAuthority = Authority(v) }),
        Text(
            "oidc_audience", "audience that these tokens must have; required with oidc_authority", s => s.OidcAudience ?? "",
            (s, v) => s with { OidcAudience = Empty(v) }),
        Text(
            "oidc_scopes", "rights of these tokens (submit, read, operate), or claim:NAME for the rights that a claim lists",
            s => s.OidcScopes, (s, v) => s with { OidcScopes = v }),
        new(
            "trusted_proxies",
            "networks of proxies whose X-Forwarded-For, -Proto and -Host are trusted, as 127.0.0.1/32, separated by commas",
            s => string.Join(",", s.TrustedProxies), (s, v) => s with { TrustedProxies = Networks("trusted_proxies", v) }),
        Flag("access_log", "one log line for each request", s => s.AccessLog, (s, v) => s with { AccessLog = v }),
        Flag("log_json", "one JSON object per log line", s => s.LogJson, (s, v) => s with { LogJson = v }),
        Choice(
            "log_level", "least severe messages shown", ["Trace", "Debug", "Information", "Warning", "Error"], s => s.LogLevel,
            (s, v) => s with { LogLevel = v }),
    ];

    /// <summary>Reads the settings of a configuration; those that it does not have keep their defaults.</summary>
    /// <param name="configuration">The settings are in its section <see cref="SettingsConfiguration.Section"/>.</param>
    /// <exception cref="SettingsException">A name is unknown, or a value is out of range.</exception>
    public static ServeSettings Read(IConfiguration configuration) => configuration.GetSection(SettingsConfiguration.Section).GetChildren()
        .Aggregate(new ServeSettings(), (settings, setting) => Apply(settings, setting.Key, setting.Value ?? ""));

    /// <summary>Returns the settings with one setting changed.</summary>
    /// <exception cref="SettingsException">The name is unknown, or the value is out of range.</exception>
    public static ServeSettings Apply(ServeSettings settings, string name, string value) =>
        All.FirstOrDefault(setting => setting.Name == name) is { } setting
            ? setting.Set(settings, value)
            : throw new SettingsException(
                $"unknown setting '{name}'; did you mean {string.Join(", ", NearestNames.To(name, All.Select(known => known.Name)))}? " +
                "'locutor serve --settings' lists them all");
}
