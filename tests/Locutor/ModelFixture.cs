using System.Diagnostics;

[assembly: AssemblyFixture(typeof(Locutor.Front.Tests.ModelFixture))]

namespace Locutor.Front.Tests;

/// <summary>The bundled model and a small one, loaded once for all tests, with a portrait and short voices.</summary>
public sealed class ModelFixture : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-front-").FullName;

    /// <summary>The bundled model.</summary>
    public TalkingVideoModel Model { get; private set; } = null!;

    /// <summary>
    /// The small random networks, whose videos have 64 x 64 pixels and need a tenth of the CPU time: for tests of what happens around a
    /// video.
    /// </summary>
    public TalkingVideoModel Untrained { get; private set; } = null!;

    public string Portrait { get; } = Path.Combine(TestEnvironment.Checkout, "samples", "greta.png");

    public string Voice => Path.Combine(folder, "voice.wav");

    /// <summary>A voice of fewer frames, for tests whose video may be as short as possible: each frame costs 0.1 s of CPU time.</summary>
    public string ShortVoice => Path.Combine(folder, "short.wav");

    /// <summary>Frames of a video of <see cref="Voice"/>.</summary>
    public const int Frames = 12;

    /// <summary>Frames of a video of <see cref="ShortVoice"/>.</summary>
    public const int ShortFrames = 5;

    public TalkingVideoRequest Request => new(Portrait, Voice) { Seed = 7, Steps = 2 };

    public TalkingVideoRequest ShortRequest => new(Portrait, ShortVoice) { Seed = 7, Steps = 2 };

    public async ValueTask InitializeAsync()
    {
        string[] arguments =
        [
            "-v", "error", "-i", Path.Combine(TestEnvironment.Checkout, "samples", "greta.mp3"),
            .. Output(Frames, Voice), .. Output(ShortFrames, ShortVoice),
        ];
        using (var ffmpeg = Process.Start("ffmpeg", arguments)) await ffmpeg.WaitForExitAsync();
        Model = await TalkingVideoModel.LoadAsync(TalkingVideoModel.BundledModel, new ModelOptions { Device = "cpu" });
        Untrained = await TalkingVideoModel.LoadAsync("untrained", new ModelOptions { Device = "cpu" });
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        await Untrained.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Makes all frames of a video of the bundled model.</summary>
    public Task<List<VideoFrame>> FramesAsync(TalkingVideoRequest request, CancellationToken cancellationToken) =>
        FramesAsync(Model, request, cancellationToken);

    /// <summary>Makes all frames of a video of the small random networks.</summary>
    public Task<List<VideoFrame>> UntrainedFramesAsync(TalkingVideoRequest request, CancellationToken cancellationToken) =>
        FramesAsync(Untrained, request, cancellationToken);

    private static async Task<List<VideoFrame>> FramesAsync(
        TalkingVideoModel model, TalkingVideoRequest request, CancellationToken cancellationToken)
    {
        var frames = new List<VideoFrame>();
        await foreach (var frame in model.GenerateFramesAsync(request, cancellationToken: cancellationToken)) frames.Add(frame);
        return frames;
    }

    private static string[] Output(int frames, string path) =>
        ["-t", FormattableString.Invariant($"{frames / 25.0}"), "-ar", "16000", "-ac", "1", path];

    /// <summary>A file in a folder that is deleted at the end.</summary>
    public string NewPath(string name) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName, name);
}

/// <summary>Reports at once, on the thread that makes the video.</summary>
internal sealed class Told : IProgress<VideoProgress>
{
    private readonly List<VideoProgress> reports = [];

    public Action<VideoProgress>? Then { get; init; }

    public IReadOnlyList<VideoProgress> Reports => reports;

    public void Report(VideoProgress value)
    {
        reports.Add(value);
        Then?.Invoke(value);
    }
}
