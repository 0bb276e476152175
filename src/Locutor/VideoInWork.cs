using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Files;
using Locutor.TextToSpeech;

namespace Locutor;

/// <summary>
/// A video that is being made: its request and its opened inputs. No other video uses the model until this object is disposed.
/// </summary>
internal sealed class VideoInWork : IAsyncDisposable
{
    private readonly SemaphoreSlim turn;

    private VideoInWork(
        ProductionRequest request, VideoProduction production, LocalInputs inputs, ProgressRelay relay, SemaphoreSlim turn) =>
        (Request, Production, Inputs, Relay, this.turn) = (request, production, inputs, relay, turn);

    public ProductionRequest Request { get; }

    public VideoProduction Production { get; }

    public LocalInputs Inputs { get; }

    public ProgressRelay Relay { get; }

    /// <summary>Checks the request, opens its inputs and reports notices about them.</summary>
    public static async Task<VideoInWork> OpenAsync(
        NetworkSet networks, string preset, TalkingVideoRequest request, LocalInputs inputs, string output, ProgressRelay relay,
        SemaphoreSlim turn, CancellationToken cancellationToken)
    {
        var settings = RequestMapping.Resolve(request, networks.Bundle, preset, output);
        string? captions = settings.Output.CaptionPath(output);
        RequireApart(request, [output, .. captions is null ? Array.Empty<string>() : [captions]]);
        if (captions is not null) AsideFile.For(captions).Dispose(); // refused before any work
        relay.Report(new GenerationProgress(GenerationStage.Encoding, 0, 0, 0, settings.Steps));
        var (voices, cues) = await inputs.VoicesOfAsync(request, relay.Notice, cancellationToken).ConfigureAwait(false);
        var local = new ProductionRequest
        {
            ImagePath = await inputs.PathOfAsync(request.Image, cancellationToken).ConfigureAwait(false),
            AudioPaths = voices,
            Cues = cues,
            Transcript = request.Transcript is { } words ? Script.Parse(words).Words : null,
            OutputPath = output,
            Settings = settings,
            Notice = relay.Notice,
        };
        var production = await VideoProduction.OpenAsync(local, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (string note in production.Notes) relay.Notice(inputs.RestoreNames(note));
            if (await production.FitNoticeAsync(networks, cancellationToken).ConfigureAwait(false) is { } notice) relay.Notice(notice);
            return new(local, production, inputs, relay, turn);
        }
        catch
        {
            await production.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Checks that no output replaces an input.</summary>
    private static void RequireApart(TalkingVideoRequest request, IReadOnlyList<string> outputs)
    {
        foreach (var input in new[] { request.Image, request.Audio, request.SecondAudio })
        {
            if (input is { IsFile: true } && outputs.FirstOrDefault(output => FileIdentity.Same(input.Name, output)) is { } lost)
                throw AsideFile.CannotWrite(lost, $"it is the input {input.Name}, which would be lost; give the video another name");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Production.DisposeAsync().ConfigureAwait(false);
        await Inputs.DisposeAsync().ConfigureAwait(false);
        turn.Release();
    }
}
