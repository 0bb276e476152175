using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Files;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Locutor.Media.Processes;
using Locutor.Service.Availability;
using Locutor.Service.Settings;

namespace Locutor.Service.Workers;

/// <summary>Starts one worker process per device and restarts it when it ends. It reports a dead worker to the queue at once.</summary>
public sealed partial class WorkerSupervisor(
    IGrainFactory grains, ClusterOptions cluster, ILocalSiloDetails node, Drain drain, ServeSettings settings, TimeProvider time,
    ILogger<WorkerSupervisor> logger)
    : BackgroundService
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TellPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TellPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongLife = TimeSpan.FromMinutes(1);

    // Workers end with their parent, so all workers that an earlier process of this service started are gone. The data folder and the
    // addresses identify a service, since several services may share a machine name and a folder.
    private readonly string host = $"{Environment.MachineName}/{Hash($"{settings.Data} {settings.Urls} {cluster.Address}")}/";
    private readonly string life = NodeOfWorker.Name(node.SiloAddress);

    /// <summary>Returns the devices that the setting <c>workers</c> selects.</summary>
    public static IReadOnlyList<string> Devices(string workers) => workers switch
    {
        "none" => [],
        "auto" => VisibleGpus.Count() is var gpus and > 0 ? [.. Enumerable.Range(0, gpus).Select(number => $"cuda:{number}")] : ["cpu"],
        _ => workers.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
    };

    /// <summary>Returns the devices that run a worker: those of the setting <c>workers</c>, or the first of <c>gpus</c>.</summary>
    public static IReadOnlyList<string> Devices(ServeSettings settings) =>
        settings.Gpus is { } gpus ? [FirstGpu(gpus)] : Devices(settings.Workers);

    /// <summary>Returns the device of the first GPU in a list of numbers; it identifies a worker that uses all of them.</summary>
    public static string FirstGpu(string gpus) => $"cuda:{gpus.Split(',')[0].Trim()}";

    /// <summary>Checks the settings <c>gpus</c> and <c>workers</c>.</summary>
    /// <exception cref="SettingsException">They contradict each other, or a name is not the name of a device.</exception>
    public static void CheckNames(ServeSettings settings)
    {
        CheckNames(settings.Workers);
        if (settings.Gpus is not { } gpus) return;
        string[] numbers = gpus.Split(',', StringSplitOptions.TrimEntries);
        if (numbers.Distinct().Count() != numbers.Length || numbers.Any(number => GpuNumber($"cuda:{number}") is null))
            throw new SettingsException($"gpus: expected different numbers of GPUs, such as 0,1, found '{gpus}'");
        if (settings.Workers != "auto")
        {
            throw new SettingsException(
                $"gpus: expected workers=auto with it, since it selects the GPUs of the worker, found workers={settings.Workers}");
        }
    }

    /// <summary>Checks the names of devices in the setting <c>workers</c>.</summary>
    /// <exception cref="SettingsException">A name is not the name of a device.</exception>
    public static void CheckNames(string workers)
    {
        foreach (string device in Devices(workers))
        {
            if (device != "cpu" && GpuNumber(device) is null)
                throw new SettingsException($"workers: expected auto, none, cpu or cuda:0,cuda:1, found '{device}'");
        }
    }

    /// <summary>Returns the number in cuda:NUMBER, or null for another name.</summary>
    public static int? GpuNumber(string device) =>
        device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, drain.Begun);
        try
        {
            var devices = Devices(settings);
            await Task.WhenAll(devices.Select((device, number) => WatchAsync(device, number, stopping.Token))
                .Prepend(TellGoneAsync(host, host + life, stopping.Token)));
        }
        finally
        {
            drain.EndWorkers();
        }
    }

    /// <summary>Reports to the queue which workers have ended. It retries until the call succeeds or the leases have run out.</summary>
    private async Task TellGoneAsync(string idPrefix, string exceptPrefix, CancellationToken cancellationToken)
    {
        for (long from = time.GetTimestamp(); ;)
        {
            try
            {
                await grains.GetGrain<IQueueGrain>(IQueueGrain.Key).WorkersGoneAsync(idPrefix, exceptPrefix)
                    .WaitAsync(TellPatience, time, cancellationToken);
                return;
            }
            catch (Exception exception)
            {
                if (cancellationToken.IsCancellationRequested) return;
                if (time.GetElapsedTime(from).TotalSeconds > settings.LeaseSeconds)
                {
                    LogNotTold(exception.Message);
                    return;
                }
            }
            await Task.Delay(TellPause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(string device, int number, CancellationToken cancellationToken)
    {
        var pause = ShortestPause;
        for (int start = 1; !cancellationToken.IsCancellationRequested; start++)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"{host}{life}/{number}-{start}");
            long from = time.GetTimestamp();
            try
            {
                int code = await RunAsync(id, device, cancellationToken);
                if (cancellationToken.IsCancellationRequested)
                    return;
                await TellGoneAsync(id, "", cancellationToken);
                if (code == WorkerProcess.RetiredCode)
                {
                    LogRetired(device);
                    return;
                }
                LogEnded(device, code);
            }
            catch (Exception exception)
            {
                LogFailed(exception, device);
            }
            pause = time.GetElapsedTime(from) > LongLife
                ? ShortestPause
                : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<int> RunAsync(string id, string device, CancellationToken cancellationToken)
    {
        using var parent = new ParentThread(StartInfo(id, device));
        using var process = await parent.Started;
        using var pulse = new WorkerPulse(time, () =>
        {
            LogSilent(device, process.Id, WorkerPulse.Patience.TotalSeconds);
            process.Kill(entireProcessTree: true);
        });
        process.OutputDataReceived += (_, line) =>
        {
            if (!pulse.Takes(line.Data))
                Relay(device, line.Data, isError: false);
        };
        process.ErrorDataReceived += (_, line) => Relay(device, line.Data, isError: true);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        LogStarted(device, process.Id);
        var ended = process.WaitForExitAsync(CancellationToken.None);
        var stop = Task.Delay(Timeout.Infinite, cancellationToken);
        if (await Task.WhenAny(ended, stop) == stop)
            await StopAsync(process, ended);
        await ended;
        return process.ExitCode;
    }

    private async Task StopAsync(Process process, Task ended)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(WorkerProcess.DrainLine);
            await process.StandardInput.FlushAsync(CancellationToken.None);
            await ended.WaitAsync(TimeSpan.FromSeconds(settings.DrainSeconds + 15));
        }
        catch (Exception exception) when (exception is TimeoutException or IOException)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private ProcessStartInfo StartInfo(string id, string device)
    {
        var start = OwnProgram.StartInfo(
            "worker", "--gateway", $"{cluster.Address}:{cluster.GatewayPort}", "--data", settings.Data, "--device", device, "--id", id,
            "--attached",
            "--drain-seconds", settings.DrainSeconds.ToString(CultureInfo.InvariantCulture),
            "--job-hours", settings.JobHours.ToString(CultureInfo.InvariantCulture),
            "--stall-minutes", settings.StallMinutes.ToString(CultureInfo.InvariantCulture));
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        if (CurrentFolder.Path is null) start.WorkingDirectory = settings.Data; // libraries of a worker need a folder that exists
        // Passed in the environment, since every user of the machine can read the command line.
        foreach (var (name, value) in new[]
        {
            ("S3_BUCKET", settings.S3Bucket), ("S3_ENDPOINT", settings.S3Endpoint), ("S3_REGION", settings.S3Region),
            ("S3_PREFIX", settings.S3Prefix),
            ("CLUSTER_TLS", settings.ClusterTls ? "true" : "false"), ("CLUSTER_CERTIFICATE", settings.ClusterCertificate),
            ("S3_ACCESS_KEY", settings.S3AccessKey), ("S3_SECRET_KEY", settings.S3SecretKey),
            ("LOG_JSON", settings.LogJson ? "true" : "false"), ("LOG_LEVEL", settings.LogLevel),
        })
        {
            start.Environment["LOCUTOR_" + name] = value ?? "";
        }

        foreach (var (option, value) in
                new[]
                {
                    ("--model", settings.Model), ("--store", settings.Store), ("--vram-budget", settings.VramBudget),
                    ("--precision", settings.Precision), ("--gpus", settings.Gpus),
                })
        {
            if (value is null)
                continue;
            start.ArgumentList.Add(option);
            start.ArgumentList.Add(value);
        }
        return start;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8];

    private void Relay(string device, string? line, bool isError)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        if (settings.LogJson && line.StartsWith('{'))
        {
            Console.WriteLine($"{{\"Device\":{JsonSerializer.Serialize(device)},{line[1..]}");
            return;
        }
        var (level, text) = WorkerLine.Parse(line, isError);
        LogLine(level, device, text);
    }

    [LoggerMessage(LogLevel.Information, "the worker on {Device} started (process {Process})")]
    private partial void LogStarted(string device, int process);

    [LoggerMessage(LogLevel.Warning, "the worker on {Device} ended with code {Code} and is started again")]
    private partial void LogEnded(string device, int code);

    [LoggerMessage(LogLevel.Information, "the worker on {Device} was retired; it is started again when the service is")]
    private partial void LogRetired(string device);

    [LoggerMessage(LogLevel.Error, "the worker on {Device} (process {Process}) sent no heartbeat for {Seconds:F0} s and is killed")]
    private partial void LogSilent(string device, int process, double seconds);

    [LoggerMessage(LogLevel.Error, "the worker on {Device} could not be run")]
    private partial void LogFailed(Exception exception, string device);

    [LoggerMessage(
        LogLevel.Warning, "the queue could not be notified that workers have ended; their jobs wait until their leases expire: {Reason}")]
    private partial void LogNotTold(string reason);

    [LoggerMessage("[{Device}] {Line}")]
    private partial void LogLine(LogLevel level, string device, string line);
}
