using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Output;
using Locutor.Media;

namespace Locutor;

/// <summary>A request with its inputs open, holding the model until it is disposed.</summary>
internal sealed class VideoInWork : IAsyncDisposable
{
    private readonly SemaphoreSlim turn;

    private VideoInWork(ProductionRequest request, SourceMedia media, LocalInputs inputs, ProgressRelay relay, SemaphoreSlim turn) =>
        (Request, Media, Inputs, Relay, this.turn) = (request, media, inputs, relay, turn);

    public ProductionRequest Request { get; }

    public SourceMedia Media { get; }

    public LocalInputs Inputs { get; }

    public ProgressRelay Relay { get; }

    /// <summary>Checks the request, opens its inputs, and tells the user what is done with them.</summary>
    public static async Task<VideoInWork> OpenAsync(
        NetworkSet networks, string preset, TalkingVideoRequest request, LocalInputs inputs, string output, ProgressRelay relay,
        SemaphoreSlim turn, CancellationToken cancellationToken)
    {
        var settings = request.Resolve(networks.Bundle, preset);
        relay.Report(new GenerationProgress(GenerationStage.Encoding, 0, 0, 0, settings.Steps));
        var production = new ProductionRequest
        {
            ImagePath = await inputs.PathOfAsync(request.Image, cancellationToken).ConfigureAwait(false),
            AudioPaths = await inputs.VoicesOfAsync(request, cancellationToken).ConfigureAwait(false),
            OutputPath = output,
            Settings = settings,
            Notice = relay.Notice,
        };
        var media = await SourceMedia.OpenAsync(production, MediaLimits.Default, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (string note in media.Notes) relay.Notice(inputs.Named(note));
            if (PictureFit.Notice(networks, await media.Pictures.AtAsync(0, cancellationToken).ConfigureAwait(false)) is { } notice)
                relay.Notice(notice);
            return new(production, media, inputs, relay, turn);
        }
        catch
        {
            await media.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Media.DisposeAsync().ConfigureAwait(false);
        await Inputs.DisposeAsync().ConfigureAwait(false);
        turn.Release();
    }
}
