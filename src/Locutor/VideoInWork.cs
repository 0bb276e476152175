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
        if (settings.Output.CaptionPath(output) is { } captions) AsideFile.For(captions).Dispose(); // refused before any work
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

    public async ValueTask DisposeAsync()
    {
        await Production.DisposeAsync().ConfigureAwait(false);
        await Inputs.DisposeAsync().ConfigureAwait(false);
        turn.Release();
    }
}
