using System.Diagnostics;
using Locutor.Generation;
using Locutor.Generation.Requests;
using Locutor.Media;

namespace Locutor.Cli.Generate;

/// <summary>Runs <c>locutor generate</c>: checks everything that is cheap first, then loads, generates and reports.</summary>
internal static class GenerateRun
{
    public static async Task<int> RunAsync(GenerateArguments arguments, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        ModelChoice model = null!;
        var settings = arguments.Form.Resolve(name => (model = ModelChoice.Find(name, arguments.Store)).Bundle).Settings;
        var device = DeviceChoice.Find(arguments.Device);
        OutputPath.Check(arguments.Output);
        await using var inputs = new InputFiles();
        using Report report = arguments.Json ? new JsonReport(Console.Out) : new ConsoleReport();
        report.At(new(GenerationStage.Fetching, 0, 0, 0, settings.Steps));
        var request = new TalkingVideoRequest
        {
            ImagePath = await inputs.LocalAsync(arguments.Form.Address(VideoFields.Image)!, ct),
            AudioPaths = await inputs.LocalAsync(Voices(arguments.Form), ct),
            OutputPath = arguments.Output,
            Settings = settings,
            Fragmented = arguments.Fragmented,
            Notice = report.Say,
            Growing = arguments.Fragmented ? report.Growing : null,
        };
        await using var media = await SourceMedia.OpenAsync(request, MediaLimits.Default, ct);
        report.At(new(GenerationStage.Loading, 0, 0, 0, settings.Steps));
        using var networks = model.Load(device, settings.Adapters, arguments.Precision, arguments.VramBudget);
        report.Weights(networks.Summary, shipped: model.Bundle.Files().All(file => file.File.Repository is null));
        foreach (string line in networks.Notices) report.Say(line);
        if (PictureFit.Notice(networks, await media.Pictures.AtAsync(0, ct)) is { } notice) report.Say(notice);
        var result = await Task.Run(() => new TalkingVideoProducer(networks).ProduceAsync(request, media, MediaLimits.Default, report, ct: ct), CancellationToken.None);
        report.Done(result, settings.Seed, clock.Elapsed);
        return ExitCodes.Success;
    }

    private static IReadOnlyList<string> Voices(RequestForm form) =>
        form.Address(VideoFields.Audio2) is { } second ? [form.Address(VideoFields.Audio)!, second] : [form.Address(VideoFields.Audio)!];
}
