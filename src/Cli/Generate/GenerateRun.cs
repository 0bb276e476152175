using System.Diagnostics;
using Locutor.Cli.Live;
using Locutor.Generation;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Video;

namespace Locutor.Cli.Generate;

/// <summary>
/// Runs <c>locutor generate</c>: it does all cheap checks first, then loads the networks, generates the video and reports.
/// </summary>
internal static class GenerateRun
{
    public static async Task<int> RunAsync(GenerateArguments arguments, CancellationToken cancellationToken)
    {
        var video = CheckedVideo.Check(arguments);
        if (!ExistingOutputs.MayWrite(video.Files, arguments.Existing, canKeep: true))
            throw new CommandException(ExitCodes.BadOutput, $"{ExistingOutputs.Kept(video.Files)}; no video was made");
        using var report = CreateReport(arguments);
        using var networks = new LoadedNetworks();
        await MakeAsync(video, networks, report, cancellationToken);
        foreach (string line in report.Timings?.Finish() ?? []) await Console.Error.WriteLineAsync(line);
        return ExitCodes.Success;
    }

    /// <summary>Creates the report that the options select.</summary>
    public static Report CreateReport(GenerateArguments arguments)
    {
        var timings = arguments.Timings ? new Timings() : null;
        if (arguments.Json) return new JsonReport(WritesToOutput(arguments) ? Console.Error : Console.Out) { Timings = timings };
        return arguments.Quiet ? new QuietReport { Timings = timings } : new ConsoleReport { Timings = timings };
    }

    /// <summary>Makes one video.</summary>
    /// <param name="video">The checked command line.</param>
    /// <param name="networks">Provides the networks.</param>
    /// <param name="report">Receives progress, notices and the result.</param>
    /// <param name="cancellationToken">Stops the work; nothing is left behind.</param>
    public static async Task MakeAsync(CheckedVideo video, LoadedNetworks networks, Report report, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var (arguments, _, asked, _) = video;
        await using var inputs = new InputFiles();
        networks.Begin(video);
        report.At(new(GenerationStage.Fetching, 0, 0, 0, asked.Settings.Steps));
        string image = await inputs.LocalAsync(arguments.Form.Address(VideoFields.Image)!, cancellationToken);
        await using var voices = await NamedAsync(
            inputs, () => OpenedVoices.OpenAsync(asked, arguments, inputs, report.Say, cancellationToken));
        using var spoken = voices.SpokenSound is { } sound && arguments.SoundPath is { } path ? SoundFile.Write(sound, path) : null;
        await using var live = await LiveTargetAsync(arguments.Live, voices.Growing is not null, cancellationToken);
        if (live?.Url is { } url) report.Growing(url);
        var request = Production(arguments, asked, image, voices, live, report);
        await using var production = await NamedAsync(
            inputs, () => VideoProduction.OpenAsync(request, MediaLimits.Default, cancellationToken));
        foreach (string note in production.Notes) report.Say(inputs.Named(note));
        if (!VideoDestination.Format(arguments.Output).HasSound) report.Say($"{arguments.Output}: a GIF has no sound");
        var loaded = networks.For(video, report);
        if (await production.FitNoticeAsync(loaded, cancellationToken) is { } notice) report.Say(notice);
        var result = await NamedAsync(
            inputs,
            () => Task.Run(() => production.ProduceAsync(loaded, report, cancellationToken: cancellationToken), CancellationToken.None));
        spoken?.Keep();
        report.Done(result, asked.Settings.Seed, clock.Elapsed);
        if (live is not null) await live.EndAsync(cancellationToken);
    }

    private static ProductionRequest Production(
        GenerateArguments arguments, ResolvedRequest asked, string image, OpenedVoices voices, ILiveTarget? live, Report report) => new()
        {
            ImagePath = image,
            AudioPaths = voices.Paths,
            GrowingVoice = voices.Growing,
            Cues = voices.Cues,
            Transcript = asked.Transcript?.Words,
            OutputPath = arguments.Output,
            Settings = asked.Settings,
            Fragmented = arguments.Fragmented,
            Live = live is null ? null : live.PublishAsync,
            Notice = report.Say,
            Growing = arguments.Fragmented && !OutputPath.IsStandard(arguments.Output) ? report.Growing : null,
        };

    private static bool WritesToOutput(GenerateArguments arguments) =>
        OutputPath.IsStandard(arguments.Output) || OutputPath.IsStandard(arguments.Live ?? "");

    private static async Task<ILiveTarget?> LiveTargetAsync(string? live, bool isGrowing, CancellationToken cancellationToken)
    {
        if (live is null) return null;
        if (isGrowing)
        {
            throw new CommandException(
                ExitCodes.Usage, "--live: needs a voice of known length; for a voice from a pipe use --fragmented and --output-path -");
        }
        return live.Length == 0 ? await LiveServer.StartAsync(cancellationToken) : new LivePipe();
    }

    /// <summary>Runs work. Its error messages get the URLs or pipes that the user gave in place of the names of temporary copies.</summary>
    private static async Task<T> NamedAsync<T>(InputFiles inputs, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (MediaException failure)
        {
            throw inputs.Named(failure);
        }
    }
}
