using System.Diagnostics;
using Locutor.Cli.Live;
using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Sound;
using Locutor.Media.Video;
using Locutor.Models.Store;

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
        var raw = RawAudio(arguments, settings);
        var device = DeviceChoice.Find(arguments.Device);
        OutputPath.Check(arguments.Output, [arguments.Form.Address(VideoFields.Image)!, .. Voices(arguments.Form)]);
        if (arguments.SoundPath is { } path) WritablePath.Check(path);
        await using var inputs = new InputFiles();
        var timings = arguments.Timings ? new Timings() : null;
        using Report report = arguments.Json
            ? new JsonReport(WritesToOutput(arguments) ? Console.Error : Console.Out) { Timings = timings }
            : new ConsoleReport { Timings = timings };
        report.At(new(GenerationStage.Fetching, 0, 0, 0, settings.Steps));
        string image = await inputs.LocalAsync(arguments.Form.Address(VideoFields.Image)!, cancellationToken);
        var narration = asked.Script is null ? null : await SpokenText.SpeakAsync(asked, inputs.NewFolder(), cancellationToken);
        if (narration is not null)
            report.Say($"spoken by {string.Join(" and ", narration.Voices.Select(voice => voice.FullName))}, {narration.Seconds:0.0} s");
        var (growing, voices) = narration is not null
            ? (null, narration.Paths)
            : await NamedAsync(inputs, () => VoicesAsync(inputs, arguments.Form, settings, raw, cancellationToken));
        await using var arriving = growing;
        if (narration is null && growing is null && settings.StreamSpeech && InputFiles.IsPipe(arguments.Form.Address(VideoFields.Audio)!))
        {
            report.Say("the video begins when the whole sound is there: only one voice, as WAV or with --raw-audio, is used as it comes");
        }
        await using var live = await LiveTargetAsync(arguments.Live, growing is not null, cancellationToken);
        if (live?.Url is { } url) report.Growing(url);
        var request = new ProductionRequest
        {
            ImagePath = image,
            AudioPaths = voices,
            GrowingVoice = growing,
            OutputPath = arguments.Output,
            Settings = settings,
            Fragmented = arguments.Fragmented,
            Live = live is null ? null : live.PublishAsync,
            Notice = report.Say,
            Growing = arguments.Fragmented && !OutputPath.IsStandard(arguments.Output) ? report.Growing : null,
        };
        await using var video = await NamedAsync(inputs, () => VideoProduction.OpenAsync(request, MediaLimits.Default, cancellationToken));
        foreach (string note in video.Notes) report.Say(inputs.Named(note));
        if (!VideoDestination.Format(arguments.Output).HasSound) report.Say($"{arguments.Output}: a GIF has no sound");
        report.At(new(GenerationStage.Loading, 0, 0, 0, settings.Steps));
        using var networks = NetworkSet.Load(
            model, LoadingOptions.From(device, arguments.Precision) with { Adapters = settings.Adapters, Budget = arguments.VramBudget });
        report.Weights(networks.Summary, shipped: model.Bundle.Files().All(file => file.File.Repository is null));
        foreach (string line in networks.Notices) report.Say(line);
        if (await video.FitNoticeAsync(networks, cancellationToken) is { } notice) report.Say(notice);
        var result = await NamedAsync(
            inputs,
            () => Task.Run(() => video.ProduceAsync(networks, report, cancellationToken: cancellationToken), CancellationToken.None));
        if (narration is not null && arguments.SoundPath is not null) File.Copy(narration.SoundPath, arguments.SoundPath, overwrite: true);
        report.Done(result, settings.Seed, clock.Elapsed);
        if (live is not null) await live.EndAsync(cancellationToken);
        foreach (string line in timings?.Finish() ?? []) await Console.Error.WriteLineAsync(line);
        return ExitCodes.Success;
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

    private static IReadOnlyList<string> Voices(RequestForm form) =>
        [.. new[] { form.Address(VideoFields.Audio), form.Address(VideoFields.Audio2) }.OfType<string>()];

    /// <summary>Opens the voices. With speech that is encoded as it comes, the voice of a pipe is not read to its end first.</summary>
    private static async Task<(GrowingSound? Growing, IReadOnlyList<string> Paths)> VoicesAsync(
        InputFiles inputs, RequestForm form, VideoSettings settings, PcmFormat? raw, CancellationToken cancellationToken)
    {
        var voices = Voices(form);
        if (!settings.StreamSpeech || voices.Count > 1) return (null, await inputs.LocalAsync(voices, cancellationToken));
        var (growing, path) = await inputs.VoiceAsync(voices[0], raw, cancellationToken);
        return (growing, path is null ? [] : [path]);
    }

    private static PcmFormat? RawAudio(GenerateArguments arguments, VideoSettings settings)
    {
        if (arguments.RawAudio is not { } text) return null;
        if (!settings.StreamSpeech || Voices(arguments.Form).Count != 1)
        {
            throw new CommandException(
                ExitCodes.Usage, "--raw-audio: needs one voice and --stream-speech true, which is the default of flashtalk");
        }
        return PcmFormat.TryParse(text) ?? throw new CommandException(ExitCodes.Usage, $"--raw-audio {text}: expected {PcmFormat.Form}");
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
