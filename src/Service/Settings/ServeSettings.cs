using System.Net;

namespace Locutor.Service.Settings;

/// <summary>All settings of the service. <see cref="SettingsTable"/> defines their names, units and ranges.</summary>
public sealed record ServeSettings
{
    public string Urls { get; init; } = "http://127.0.0.1:8080";
    public string Data { get; init; } = DefaultData;
    public bool NoAuth { get; init; }
    public string? Postgres { get; init; }
    public string? S3Bucket { get; init; }
    public string? S3Endpoint { get; init; }
    public string S3Region { get; init; } = "us-east-1";
    public string S3Prefix { get; init; } = "";
    public string? S3AccessKey { get; init; }
    public string? S3SecretKey { get; init; }
    public bool AdoptStore { get; init; }
    public int SiloPort { get; init; }
    public int GatewayPort { get; init; }
    public IPAddress ClusterAddress { get; init; } = IPAddress.Loopback;
    public bool ClusterTls { get; init; } = true;
    public string? ClusterCertificate { get; init; }

    /// <summary>The file of the certificate that nodes and workers share.</summary>
    public string CertificateFile => ClusterCertificate ?? Path.Combine(Data, Jobs.Hosting.ClusterCertificate.FileName);

    public string Workers { get; init; } = "auto";
    public string? Gpus { get; init; }
    public string? Model { get; init; }
    public string? Store { get; init; }
    public string? VramBudget { get; init; }
    public string Precision { get; init; } = "auto";
    public double LeaseSeconds { get; init; } = 30;
    public double DrainSeconds { get; init; } = 60;
    public double NoticeSeconds { get; init; }
    public double StallMinutes { get; init; } = 30;
    public double JobHours { get; init; } = 24;

    public bool AllowPrivateAddresses { get; init; }
    public IReadOnlyList<IPNetwork> AllowAddresses { get; init; } = [];
    public double FetchSeconds { get; init; } = 120;
    public double FetchIdleSeconds { get; init; } = 20;
    public int FetchInParallel { get; init; } = 8;

    public string? SpeechUrl { get; init; }
    public string? SpeechModel { get; init; }
    public string? SpeechVoices { get; init; }
    public string? SpeechKey { get; init; }
    public IReadOnlyList<IPNetwork> SpeechAllowAddresses { get; init; } = [];

    public double MaxInputMb { get; init; } = 512;
    public double MaxRequestMb { get; init; } = 1100;
    public double MaxJsonMb { get; init; } = 64;
    public double UploadMinutes { get; init; } = 60;
    public double MaxAudioSeconds { get; init; } = 3600;
    public double MaxPictureMegapixels { get; init; } = 100;

    public int MaxQueued { get; init; } = 20_000;
    public int MaxQueuedPerToken { get; init; } = 1_000;
    public int MaxRunningPerToken { get; init; }
    public double MonthVideoSeconds { get; init; }
    public double MonthGpuSeconds { get; init; }
    public int SubmitsPerMinute { get; init; } = 120;
    public int RequestsPerMinute { get; init; } = 6_000;
    public double KeepDays { get; init; } = 7;
    public double QuotaGb { get; init; } = 100;
    public double CleanSeconds { get; init; } = 30;
    public double WebhookHours { get; init; } = 24;

    /// <summary>
    /// The address at which callers reach the service, without a final slash. Null uses the address that each request names.
    /// </summary>
    public string? PublicUrl { get; init; }
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];
    public string? OidcAuthority { get; init; }
    public string? OidcAudience { get; init; }
    public string OidcScopes { get; init; } = "submit,read";
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];
    public bool AccessLog { get; init; }
    public bool LogJson { get; init; }
    public string LogLevel { get; init; } = "Information";

    /// <summary>The default data folder: <c>$XDG_DATA_HOME/locutor</c> or <c>~/.local/share/locutor</c>.</summary>
    public static string DefaultData { get; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "locutor");
}

/// <summary>Thrown when a setting cannot be used. The message names the setting, the expected value and the found value.</summary>
public sealed class SettingsException(string message) : Exception(message);
