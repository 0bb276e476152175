using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Locutor.Files;
using Locutor.Generation.Parts;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Media.Video;
using Locutor.Service.Inputs;
using Locutor.Service.Submissions;
using Locutor.Service.Workers;
using Locutor.Torch;

namespace Locutor.StubService;

/// <summary>
/// Makes a real mp4 from the still picture and the voice in a fraction of a second, to test the service under load and with crashes
/// without a model. Videos of known inputs are copied. Every video ends with an mp4 box that contains the id of its job, to detect
/// mix-ups. A part of a video shows a red bar at the top, whose width grows from zero at the start of the whole video to the full width at
/// its end; the part takes its share of the time.
/// </summary>
/// <param name="seconds">How long a video takes whose prompt is not <c>take N s</c>.</param>
/// <param name="held">Returns what the end of a job waits for; null for nothing.</param>
public sealed class StubRunner(double seconds, Func<Task>? held = null) : IVideoRunner
{
    private const int Clips = 3;
    private const int Steps = 4;

    public string Model => "stub";

    public Action<string, double>? Loaded { get; set; }

    public Task LoadAsync(CancellationToken cancellationToken)
    {
        Loaded?.Invoke(Model, 0);
        return Task.CompletedTask;
    }

    public RunnerRequest Describe(RunnerJob job) => new(
        RunnerRequests.Create(job, VideoSettings.Resolve(StubCatalog.Bundle, StoredRequest.Load(job.Request)), null), Model);

    public async Task<RunnerVideo> RunAsync(RunnerJob job, IProgress<JobProgress> progress, CancellationToken cancellationToken)
    {
        progress.Report(new JobProgress { Stage = JobStage.Encoding, Clips = Clips });
        string? prompt = StoredRequest.Load(job.Request)[VideoFields.Prompt];
        if (prompt == "run out of memory")
            throw new DeviceOutOfMemoryException("the stub was asked to run out of memory");
        if (prompt == "stall")
            await Task.Delay(Timeout.Infinite, cancellationToken);
        if (prompt == "crash the worker")
            Environment.FailFast("the stub was asked to crash");
        var rendering = VideoAsync(job, cancellationToken); // meanwhile, as a worker with networks does
        try
        {
            await WorkAsync(job, SecondsOf(prompt), progress, cancellationToken);
            if (held is not null) await held().WaitAsync(cancellationToken);
        }
        finally
        {
            await ((Task)rendering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        progress.Report(new JobProgress { Stage = JobStage.Muxing, Percent = 99, Clip = Clips, Clips = Clips });
        var (video, thumbnail) = await rendering;
        AtomicFile.Write(job.OutputPath, [.. video, .. Box(job.Id)]);
        return new RunnerVideo(
            320, 320,
            job.Request.Inputs.Where(input => input.Field.StartsWith("audio", StringComparison.Ordinal)).Sum(input => input.Seconds),
            thumbnail, Notice: prompt == "say a notice" ? "The voice: the stub was asked to say this" : null);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private double SecondsOf(string? prompt) =>
        prompt?.Split(' ') is ["take", var asked, "s"] ? double.Parse(asked, CultureInfo.InvariantCulture) : seconds;

    /// <summary>Simulates the work clip by clip. It skips clips that an earlier attempt has finished.</summary>
    private static async Task WorkAsync(
        RunnerJob job, double seconds, IProgress<JobProgress> progress, CancellationToken cancellationToken)
    {
        double share = job.Request.Part is { } part ? (double)part.Frames / part.Of : 1;
        var pause = TimeSpan.FromSeconds(seconds * share / (Clips * Steps));
        if (pause == TimeSpan.Zero)
            return;
        Directory.CreateDirectory(job.WorkFolder);
        for (int clip = 1; clip <= Clips; clip++)
        {
            string done = Path.Combine(job.WorkFolder, string.Create(CultureInfo.InvariantCulture, $"clip-{clip}"));
            for (int step = 1; step <= Steps && !File.Exists(done); step++)
            {
                await Task.Delay(pause, cancellationToken);
                int left = Clips * Steps - ((clip - 1) * Steps + step);
                progress.Report(new JobProgress
                {
                    Stage = JobStage.Denoising,
                    Clip = clip,
                    Clips = Clips,
                    Step = step,
                    Steps = Steps,
                    Percent = 99 - 99.0 * left / (Clips * Steps),
                    EtaSeconds = left * pause.TotalSeconds,
                });
            }
            await File.WriteAllTextAsync(done, "", cancellationToken);
        }
    }

    private static async Task<(byte[] Video, byte[]? Thumbnail)> VideoAsync(RunnerJob job, CancellationToken cancellationToken)
    {
        var inputs = job.Request.Inputs.Select(
            input => string.Create(CultureInfo.InvariantCulture, $"{input.Field} {input.Seconds} {Hash(job.Inputs[input.Field])}"));
        return await MadeVideos.GetAsync(
            string.Join('\n', [Share(job.Request.Part), .. inputs]), () => RenderAsync(job, cancellationToken));
    }

    /// <summary>Returns the position and the length of a part within its video as text; empty for a whole video.</summary>
    private static string Share(JobPart? part) =>
        part is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{part.First} {part.Frames} {part.Of}");

    private static async Task<(byte[] Video, byte[]? Thumbnail)> RenderAsync(RunnerJob job, CancellationToken cancellationToken)
    {
        string output = job.OutputPath + ".render.mp4";
        string picture = job.Inputs.TryGetValue("image", out string? image) ? image : job.Inputs["video"];
        bool moves = picture.EndsWith(".mp4", StringComparison.Ordinal) || !job.Inputs.ContainsKey("image")
            || picture.EndsWith(".gif", StringComparison.Ordinal);
        string still = moves ? "" : ",format=yuv420p,loop=-1:1"; // is decoded and scaled once, and then repeated
        string square = $"scale=320:320:force_original_aspect_ratio=increase,crop=320:320{still},fps=25";
        string length = job.Request.Inputs.Where(input => input.Field == "audio").Sum(input => input.Seconds)
            .ToString("0.###", CultureInfo.InvariantCulture);
        if (job.Request.Part is { } part)
        {
            await PartAsync(job, part, picture, square, cancellationToken);
            return (await File.ReadAllBytesAsync(job.OutputPath, cancellationToken), null);
        }
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file", "-i", "file:" + picture, "-protocol_whitelist", "file",
            "-i", "file:" + job.Inputs["audio"],
            "-map", "0:v:0", "-map", "1:a:0", "-t", length, "-vf", square,
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", output,
        ];
        try
        {
            await RunAsync(arguments, cancellationToken);
            return (await File.ReadAllBytesAsync(output, cancellationToken), await Thumbnails.MakeAsync(output, cancellationToken));
        }
        finally
        {
            File.Delete(output);
        }
    }

    /// <summary>Draws the frames of a part and writes them as a worker with networks does.</summary>
    private static async Task PartAsync(RunnerJob job, JobPart part, string picture, string square, CancellationToken cancellationToken)
    {
        var options = new VideoWriterOptions(job.OutputPath, 320, 320) { CutFrames = new VideoPart(part.First, part.Frames).CutFrames };
        await using var writer = await VideoWriter.CreateAsync(options, cancellationToken);
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", "file:" + picture,
            "-f", "lavfi", "-i", "color=red:s=320x32:r=25", "-frames:v", $"{part.Frames}",
            "-filter_complex", $"[0:v]{square}[p];[p][1:v]overlay=x='-320+320*(n+{part.First})/{part.Of}':y=0",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
        ];
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardOutput = true })!;
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        byte[] frame = new byte[3 * 320 * 320];
        for (int i = 0; i < part.Frames; i++)
        {
            await process.StandardOutput.BaseStream.ReadExactlyAsync(frame, cancellationToken);
            await writer.WriteFrameAsync(frame, cancellationToken);
        }
        await writer.CompleteAsync(cancellationToken);
    }

    private static async Task RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardError = true })!;
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        string complaint = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InputException(
                JobError.UnsupportedMedia, $"ffmpeg cannot use the inputs: {complaint.ReplaceLineEndings(" ")}", false);
        }
    }

    private static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexString(SHA256.HashData(file));
    }

    /// <summary>Creates an mp4 box of type <c>free</c>, which players skip.</summary>
    private static byte[] Box(string id) =>
        [0, 0, 0, (byte)(8 + id.Length), .. "free"u8, .. Encoding.ASCII.GetBytes(id)];
}
