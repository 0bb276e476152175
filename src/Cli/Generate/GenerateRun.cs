using System.Diagnostics;
using Locutor.Cli.Live;
using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Cli.Generate;

/// <summary>
/// Runs <c>locutor generate</c>: it does all cheap checks first, then loads the networks, generates the video and reports.
/// </summary>
internal static class GenerateRun
{
    public static async Task<int> RunAsync(GenerateArguments arguments, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        ResolvedBundle model = null!;
        var asked = arguments.Form.Resolve(name => (model = ModelFinder.Find(name, arguments.Store)).Bundle);
        var settings = asked.Settings;
        OpenedVoices.CheckRawAudio(arguments, settings);
        var devices = DeviceChoice.FindAll(arguments.Device, arguments.Gpus);
        OutputPath.Check(arguments.Output, [arguments.Form.Address(VideoFields.Image)!, .. OpenedVoices.Addresses(arguments.Form)]);
        if (arguments.SoundPath is { } path) WritablePath.Check(path);
        CheckOutput(arguments, settings.Output);
        await using var inputs = new InputFiles();
        var timings = arguments.Timings ? new Timings() : null;
        using Report report = arguments.Json
            ? new JsonReport(WritesToOutput(arguments) ? Console.Error : Console.Out) { Timings = timings }
            : new ConsoleReport { Timings = timings };
        report.At(new(GenerationStage.Fetching, 0, 0, 0, settings.Steps));
        string image = await inputs.LocalAsync(arguments.Form.Address(VideoFields.Image)!, cancellationToken);
        await using var voices = await NamedAsync(
            inputs, () => OpenedVoices.OpenAsync(asked, arguments, inputs, report.Say, cancellationToken));
        await using var live = await LiveTargetAsync(arguments.Live, voices.Growing is not null, cancellationToken);
        if (live?.Url is { } url) report.Growing(url);
        var request = Production(arguments, asked, image, voices, live, report);
        await using var video = await NamedAsync(inputs, () => VideoProduction.OpenAsync(request, MediaLimits.Default, cancellationToken));
        foreach (string note in video.Notes) report.Say(inputs.Named(note));
        if (!VideoDestination.Format(arguments.Output).HasSound) report.Say($"{arguments.Output}: a GIF has no sound");
        using var networks = Load(arguments, settings, model, devices, report);
        if (await video.FitNoticeAsync(networks, cancellationToken) is { } notice) report.Say(notice);
        var result = await NamedAsync(
            inputs,
            () => Task.Run(() => video.ProduceAsync(networks, report, cancellationToken: cancellationToken), CancellationToken.None));
        if (voices.SpokenSound is { } sound && arguments.SoundPath is not null) File.Copy(sound, arguments.SoundPath, overwrite: true);
        report.Done(result, settings.Seed, clock.Elapsed);
        if (live is not null) await live.EndAsync(cancellationToken);
        foreach (string line in timings?.Finish() ?? []) await Console.Error.WriteLineAsync(line);
        return ExitCodes.Success;
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

    private static NetworkSet Load(
        GenerateArguments arguments, VideoSettings settings, ResolvedBundle model, IReadOnlyList<Device> devices, Report report)
    {
        report.At(new(GenerationStage.Loading, 0, 0, 0, settings.Steps));
        var networks = NetworkSet.Load(
            model, LoadingOptions.From(devices, arguments.Precision) with { Adapters = settings.Adapters, Budget = arguments.VramBudget });
        report.Weights(networks.Summary, shipped: model.Bundle.Files().All(file => file.File.Repository is null));
        foreach (string line in networks.Notices) report.Say(line);
        return networks;
    }

    private static bool WritesToOutput(GenerateArguments arguments) =>
        OutputPath.IsStandard(arguments.Output) || OutputPath.IsStandard(arguments.Live ?? "");

    private static async Task<ILiveTarget?> LiveTargetAsync(string? live, bool isGrowing, CancellationToken cancellationToken)
    {
        if (live is null) return null;
        if (isGrowing)
        {
            throw new CommandException(
                ExitCodes.Usage, "--live: needs a voice whose end is known; for one in a pipe use --fragmented and --output-path -");
        }
        return live.Length == 0 ? await LiveServer.StartAsync(cancellationToken) : new LivePipe();
    }

    /// <summary>Checks that the format, the captions and the way of writing go together.</summary>
    private static void CheckOutput(GenerateArguments arguments, OutputSettings output)
    {
        var named = VideoDestination.Format(arguments.Output);
        if (output.Format is { } format && format != named && !VideoDestination.IsStream(arguments.Output))
        {
            throw new RequestException(
                VideoFields.Format.Name, $"expected {named.Extension} as in the name {arguments.Output}, found '{format.Extension}'");
        }
        if (output.Captions == CaptionPlacement.Embedded && VideoFinisher.CaptionsRefusal(output.Format ?? named) is { } refusal)
            throw new RequestException(VideoFields.Captions.Name, refusal);
        if (arguments.Fragmented && output.IsFinished)
        {
            throw new CommandException(
                ExitCodes.Usage,
                "--fragmented: not with --height, --fps 30 or 50, or captions in the video, which are made of the whole video");
        }
        if (output.CaptionFile is { } extension)
        {
            if (arguments.Output == VideoDestination.Standard)
            {
                throw new RequestException(
                    VideoFields.Captions.Name, $"expected embedded or burnt with standard output, found '{extension}'");
            }
            WritablePath.Check(Path.ChangeExtension(arguments.Output, extension));
        }
    }

    /// <summary>Runs work whose errors name the URL or pipe that the user gave instead of its temporary copy.</summary>
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
