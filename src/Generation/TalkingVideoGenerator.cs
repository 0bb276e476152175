using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Correction;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Generation.Progress;
using Locutor.Generation.Sampling;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using Locutor.Torch;
using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Generation;

/// <summary>
/// The generation loop: it divides the video into clips, conditions, samples and decodes each one, and yields its frames. It runs
/// one generation at a time; memory use does not depend on the length of the video. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py,
/// line 376, at commit 0107cd9.
/// </summary>
public sealed class TalkingVideoGenerator
{
    private readonly Func<ClipRenderer> newRenderer;
    private readonly FinerNetworks? finer;
    private readonly Device device;
    private readonly string precision;
    private readonly Func<GenerationOptions, int, string?> noSkipping;
    private readonly Func<GenerationOptions, string?> idleDevices;

    /// <summary>Creates a generator from single networks. If a result is not finite, the generation fails.</summary>
    public TalkingVideoGenerator(VideoTransformer transformer, VideoAutoencoder autoencoder, ClipVisionEncoder imageEncoder, Device device)
        : this(new TransformerTeam([new(device, transformer)]), autoencoder, imageEncoder, device) { }

    /// <summary>Creates a generator from single networks, with the transformer on several devices.</summary>
    /// <param name="device">The first device of the team; it runs the other networks.</param>
    public TalkingVideoGenerator(TransformerTeam team, VideoAutoencoder autoencoder, ClipVisionEncoder imageEncoder, Device device)
        : this(team, autoencoder, imageEncoder, device, "the chosen precision", null) { }

    internal TalkingVideoGenerator(
        TransformerTeam team, VideoAutoencoder autoencoder, ClipVisionEncoder imageEncoder, Device device, string precision,
        FinerNetworks? finer)
    {
        (this.precision, this.finer, this.device) = (precision, finer, device);
        noSkipping = (options, voices) => options.SkippedAttention is null
            ? null
            : SkippedAttentionOptions.Refusal(options.Steps, voices, team.Lead, device, Tokens(team.Lead, autoencoder, options));
        idleDevices = options => team.IdleNotice(Guidance.PassesOf(options.Guidance).Count);
        newRenderer = () => new ClipRenderer(team, autoencoder, imageEncoder, device, precision);
    }

    /// <summary>
    /// Creates a generator from the networks of a bundle. If a result is not finite, the clip is computed again in the next higher
    /// precision.
    /// </summary>
    public TalkingVideoGenerator(NetworkSet networks)
        : this(networks.Team, networks.Autoencoder, networks.Image, networks.Device, networks.Precision, networks.Finer) { }

    /// <summary>Receives a message when a clip is computed again or a setting has no effect.</summary>
    public Action<string>? Notice { get; init; }

    private bool OnGpu => device.type == TorchSharp.DeviceType.CUDA;

    /// <summary>
    /// Generates the clips in order. While the caller processes a clip, the next one is already denoised. That needs only the motion frames
    /// of the preceding clip. On a CPU, the other frames are colour corrected and converted in parallel to the next clip; a GPU does that
    /// before the next clip, because it has a single queue. Decoding is never parallel to the next clip, because the causal decoder
    /// produces the last frames last.
    /// </summary>
    /// <param name="from">A clip of an earlier run, after which the generation continues; null starts at the beginning.</param>
    /// <returns>The clips in order; the caller disposes each of them.</returns>
    public async IAsyncEnumerable<GeneratedClip> GenerateAsync(
        GenerationInputs inputs,
        GenerationOptions options,
        INoise noise,
        GeneratedClip? from = null,
        IProgress<GenerationProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (idleDevices(options) is { } idle) Notice?.Invoke(idle);
        if (noSkipping(options, inputs.Speech.Count) is { } reason) Notice?.Invoke($"skipped_attention has no effect: {reason}");
        var first = await inputs.PictureAt(0, cancellationToken).ConfigureAwait(false);
        using var colours = Colours(first, options);
        var decoded = DecodeAsync(first, inputs, options, noise, colours, from, progress, cancellationToken);
        await foreach (var clip in OneAhead.Run(decoded, cancellationToken).ConfigureAwait(false))
            using (clip) yield return clip.Finish(colours);
    }

    private async IAsyncEnumerable<DecodedClip> DecodeAsync(
        Media.Pictures.Picture first, GenerationInputs inputs, GenerationOptions options, INoise noise, ColourMatch colours,
        GeneratedClip? from,
        IProgress<GenerationProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var motion = new Held();
        using var renderer = newRenderer();
        if (from is not null) motion.Keep(from.Motion.clone());
        var heap = new HostHeap();
        heap.Settle();
        for (int i = from is null ? 0 : from.Clip.Index + 1; i < options.Clips.Count; i++)
        {
            var clip = await WithSoundAsync(options.Clips, options.Clips.At(i), inputs.Speech, cancellationToken).ConfigureAwait(false);
            if (clip.Keep < 1) break;
            progress?.Report(new(GenerationStage.Encoding, i + 1, options.Clips.KnownCount, 0, options.Steps));
            var picture = i == 0 || options.FewSteps ? first : await inputs.PictureAt(clip.Start, cancellationToken).ConfigureAwait(false);
            if (i == 0 && clip.Overlap > 0 && options.Continuity is not null) motion.Keep(Still(picture, options.Clips.MotionFrames));
            var video = Render(renderer, new ClipParts(inputs, options, clip, picture, motion.Tensor, noise), progress, cancellationToken);
            var decoded = DecodedClip.Create(clip, video, options.Clips.MotionFrames, colours);
            motion.Keep(decoded.Motion.clone());
            if (OnGpu) decoded.Complete(colours);
            heap.Settle();
            yield return decoded;
        }
    }

    /// <summary>Waits for the audio of a clip. If the audio ends within the clip, the returned clip is shorter.</summary>
    private static async ValueTask<Clip> WithSoundAsync(
        ClipPlan plan, Clip clip, IReadOnlyList<ISpeech> speech, CancellationToken cancellationToken)
    {
        int end = clip.Start + plan.ClipFrames, frames = end;
        foreach (var person in speech) frames = Math.Min(frames, await person.ReadAsync(end, cancellationToken).ConfigureAwait(false));
        return clip with { Keep = Math.Min(clip.Keep, frames - clip.Start - clip.Overlap) };
    }

    private Tensor Render(
        ClipRenderer renderer, ClipParts parts, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return OnGpu
                ? DeviceThreads.On(device, () => renderer.Render(parts, progress, cancellationToken))
                : renderer.Render(parts, progress, cancellationToken);
        }
        catch (WrongResultException failure) when (finer is not null)
        {
            Notice?.Invoke(
                $"{failure.Network}: numbers that are not finite at {failure.When}, in {precision}; the clip is computed again in " +
                $"{finer.Precision}");
            return RenderFiner(failure, finer, parts, progress, cancellationToken);
        }
    }

    /// <summary>Computes a clip again from the start with networks of higher precision, from equal motion frames and equal noise.</summary>
    private Tensor RenderFiner(
        WrongResultException failure, FinerNetworks finer, ClipParts parts, IProgress<GenerationProgress>? progress,
        CancellationToken cancellationToken)
    {
        try
        {
            using var networks = finer.Open();
            using var renderer = RendererOf(networks);
            return renderer.Render(parts, progress, cancellationToken);
        }
        catch (WrongResultException again)
        {
            throw WrongResultException.NotFiniteTwice(failure, again, precision, finer.Precision);
        }
        catch (Exception memory) when (memory is DeviceOutOfMemoryException || DeviceOutOfMemoryException.From(memory) is not null)
        {
            throw WrongResultException.NoRoomFor(failure, precision, finer.Precision, memory);
        }
    }

    private static ClipRenderer RendererOf(NetworkSet networks) =>
        new(networks.Team, networks.Autoencoder, networks.Image, networks.Device, networks.Precision);

    /// <summary>Number of transformer tokens in a clip.</summary>
    private static long Tokens(VideoTransformer transformer, VideoAutoencoder autoencoder, GenerationOptions options)
    {
        int stride = autoencoder.Config.SpatialStride();
        return transformer.Grid(
            1 + (options.Clips.ClipFrames - 1) / autoencoder.Config.TemporalStride(), options.Height / stride,
            options.Width / stride).Tokens;
    }

    private static Tensor Still(Media.Pictures.Picture picture, int frames)
    {
        using var pixels = Pixels.FromPicture(picture);
        using var repeated = pixels.expand(-1, frames, -1, -1);
        return repeated.clone();
    }

    private static ColourMatch Colours(Media.Pictures.Picture first, GenerationOptions options)
    {
        using var pixels = Pixels.FromPicture(first);
        return new ColourMatch(pixels, options.ColourCorrection, options.FewSteps ? LabSpace.FlashTalk : LabSpace.ScikitImage);
    }

    /// <summary>Holds a tensor across dispose scopes; a new tensor replaces and disposes the previous one.</summary>
    private sealed class Held : IDisposable
    {
        public Tensor? Tensor { get; private set; }

        public void Keep(Tensor tensor)
        {
            Tensor?.Dispose();
            Tensor = tensor.DetachFromDisposeScope();
        }

        public void Dispose() => Tensor?.Dispose();
    }
}
