using System.Runtime.CompilerServices;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Sampling;
using Locutor.Networks.ClipVision;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;
using PassConditioning = Locutor.Networks.VideoTransformer.Conditioning;

namespace Locutor.Generation;

/// <summary>
/// The generation loop: plan clips, condition, sample, decode, yield frames. Source: <c>generate_infinitetalk</c> of the reference.
/// One at a time; memory does not depend on the length of the video.
/// </summary>
public sealed class TalkingVideoGenerator(VideoTransformer transformer, VideoAutoencoder autoencoder, ClipVisionEncoder imageEncoder, Device device)
{
    /// <summary>
    /// While the taker has a clip, the next one is denoised already: it needs of the clip before only the motion frames, so these are
    /// decoded and colour matched first, and the rest is colour matched, converted and encoded beside it. The decoding itself stays in
    /// front of the next clip, since a causal decoder says its last frames last.
    /// </summary>
    /// <param name="from">A clip of an earlier run after which to go on; null starts at the beginning.</param>
    /// <returns>The clips in order; dispose each.</returns>
    public async IAsyncEnumerable<GeneratedClip> GenerateAsync(
        GenerationInputs inputs,
        GenerationOptions options,
        INoise noise,
        GeneratedClip? from = null,
        IProgress<GenerationProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken ct = default)
    {
        var first = await inputs.PictureAt(0, ct);
        using var colours = Colours(first, options);
        var decoded = DecodeAsync(first, inputs, options, noise, colours, from, progress, ct);
        await foreach (var clip in OneAhead.Of(decoded, ct))
            using (clip) yield return clip.Finish(colours);
    }

    private async IAsyncEnumerable<DecodedClip> DecodeAsync(
        Media.Pictures.Picture first, GenerationInputs inputs, GenerationOptions options, INoise noise, ColourMatch colours, GeneratedClip? from,
        IProgress<GenerationProgress>? progress, [EnumeratorCancellation] CancellationToken ct)
    {
        using var motion = new Held();
        using var reference = new Held();
        Media.Pictures.Picture? encoded = null;
        if (from is not null) motion.Keep(from.Motion.clone());
        for (int i = from is null ? 0 : from.Clip.Index + 1; i < options.Clips.Count; i++)
        {
            var clip = options.Clips.At(i);
            progress?.Report(new(GenerationStage.Encoding, i + 1, options.Clips.Count, 0, options.Steps));
            var picture = i == 0 ? first : await inputs.PictureAt(clip.Start, ct);
            using var pixels = Pixels.FromPicture(picture);
            if (i == 0 && clip.Overlap > 0) motion.Keep(pixels.expand(-1, options.Clips.MotionFrames, -1, -1).clone());
            if (!ReferenceEquals(encoded, picture)) reference.Keep(EncodeReference(pixels, options, ct));
            encoded = picture;
            var video = Render(inputs, options, clip, pixels, reference.Tensor!, motion.Tensor, noise, progress, ct);
            var decoded = DecodedClip.Of(clip, video, options.Clips.MotionFrames, colours);
            motion.Keep(decoded.Motion.clone());
            yield return decoded;
        }
    }

    private static ColourMatch Colours(Media.Pictures.Picture first, GenerationOptions options)
    {
        using var pixels = Pixels.FromPicture(first);
        return new ColourMatch(pixels, options.ColourCorrection);
    }

    /// <summary>One clip, whole: [3, clip frames, H, W] in [-1, 1] on the device, its colours as decoded.</summary>
    private Tensor Render(
        GenerationInputs inputs, GenerationOptions options, Clip clip, Tensor picture, Tensor pictureLatent, Tensor? motion, INoise noise,
        IProgress<GenerationProgress>? progress, CancellationToken ct)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var shown = picture.unsqueeze(0).to(device); // [1, 3, 1, H, W]
        var clean = motion is null ? pictureLatent.narrow(2, 0, 1) : Encode(Settled(motion, picture, options).unsqueeze(0).to(device), ct);
        var reference = cat([ConditioningMask(pictureLatent), pictureLatent], 1);
        using var speakers = Speakers(inputs, pictureLatent);
        var given = Conditions(inputs, options, clip, shown, speakers);
        var start = noise.OfClip(clip.Index, [.. pictureLatent.shape.AsSpan(1)]).unsqueeze(0).to(device);
        var latent = Denoise(start, clean, reference, given, options, clip, progress, ct);
        progress?.Report(new(GenerationStage.Decoding, clip.Index + 1, options.Clips.Count, options.Steps, options.Steps));
        var video = Decode(latent, options, ct);
        return (motion is not null && options.Continuity is { } held ? Continuity.Join(video, motion, held.JoinedFrames) : video).MoveToOuterDisposeScope();
    }

    private static Tensor Settled(Tensor motion, Tensor picture, GenerationOptions options) =>
        options.Continuity is { } held ? Continuity.Settle(motion, picture, held.StillTolerance) : motion;

    /// <summary>Latent of the conditioning picture and what stands behind it, [1, 16, F, h, w]; a still picture is encoded once.</summary>
    private Tensor EncodeReference(Tensor picture, GenerationOptions options, CancellationToken ct)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var shown = picture.unsqueeze(0).to(device); // [1, 3, 1, H, W]
        int frames = options.Clips.ClipFrames;
        var latent = options.HoldPicture
            ? Encode(shown.expand(-1, -1, frames, -1, -1), ct)
            : autoencoder.EncodePictureThenBlank(shown, frames, autoencoder.Plan(frames, options.Height, options.Width), ct);
        return latent.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private Tensor Encode(Tensor video, CancellationToken ct) => autoencoder.Encode(video, autoencoder.Plan(video.shape[2], video.shape[3], video.shape[4]), ct);

    /// <summary>4 channels: 1 on the first latent frame, 0 behind.</summary>
    private static Tensor ConditioningMask(Tensor latent)
    {
        var mask = zeros([1, 4, latent.shape[2], latent.shape[3], latent.shape[4]], ScalarType.Float32, latent.device);
        mask.narrow(2, 0, 1).fill_(1);
        return mask;
    }

    /// <summary>Keys and values of every kind of pass that guidance asks for, computed once for the clip.</summary>
    private Dictionary<Pass, PassConditioning> Conditions(GenerationInputs inputs, GenerationOptions options, Clip clip, Tensor picture, SpeakerMasks? speakers)
    {
        var passes = Guidance.PassesOf(options.Guidance);
        var image = transformer.EmbedImage(imageEncoder.Forward(picture.squeeze(2)));
        var text = transformer.EmbedText(inputs.Text);
        var negative = passes.Any(WithoutText)
            ? transformer.EmbedText(inputs.NegativeText ?? throw new ArgumentException("a text guidance other than 1 needs a negative text", nameof(inputs)))
            : text;
        int window = transformer.Config.AudioWindow;
        var windows = stack([.. inputs.Speech.Select(person => AudioWindows.Of(person, clip.Start, options.Clips.ClipFrames, window).to(device))], 0);
        var speech = transformer.EmbedAudio(windows.unsqueeze(0), speakers);
        var silence = passes.Any(WithoutAudio) ? transformer.EmbedAudio(zeros_like(windows.narrow(0, 0, 1)).unsqueeze(0)) : speech;
        return passes.ToDictionary(pass => pass, pass =>
            new PassConditioning(WithoutText(pass) ? negative : text, image, WithoutAudio(pass) ? silence : speech));
    }

    private SpeakerMasks? Speakers(GenerationInputs inputs, Tensor latent)
    {
        if (inputs.Speech.Count == 1) return null;
        var masks = inputs.Speakers ?? throw new ArgumentException("two people need masks that say where they are", nameof(inputs));
        return new SpeakerMasks(masks.to(device), transformer.Grid(latent.shape[2], latent.shape[3], latent.shape[4]));
    }

    private static bool WithoutText(Pass pass) => pass is Pass.TextDropped or Pass.Unconditional;

    private static bool WithoutAudio(Pass pass) => pass is Pass.AudioDropped or Pass.Unconditional;

    /// <summary>Euler steps; before and after each the first latent frames are the clean ones.</summary>
    private Tensor Denoise(
        Tensor latent, Tensor clean, Tensor reference, Dictionary<Pass, PassConditioning> given, GenerationOptions options, Clip clip,
        IProgress<GenerationProgress>? progress, CancellationToken ct)
    {
        using var scope = NewDisposeScope();
        using var guidance = new Guidance(options.Guidance);
        using var cache = options.StepCache?.Create();
        var grid = transformer.Grid(latent.shape[2], latent.shape[3], latent.shape[4]);
        using var rotary = RotaryTable.OverVideo(transformer.Config.HeadWidth, grid, device);
        float[] timesteps = NoiseSchedule.Timesteps(options.Steps, options.Shift);
        var times = timesteps[..options.Steps].Select(timestep => transformer.EmbedTime(tensor([timestep], device: device))).ToArray();
        clean = clean.to(ScalarType.Float32);
        latent = StartWith(clean, latent);
        for (int step = 0; step < options.Steps; step++)
        {
            progress?.Report(new(GenerationStage.Denoising, clip.Index + 1, options.Clips.Count, step, options.Steps));
            using var inner = NewDisposeScope();
            cache?.Begin(step, latent, times[step].Modulation);
            var velocities = new List<Tensor>();
            var (from, time) = (latent, times[step]);
            foreach (var pass in guidance.PassesAt(step))
            {
                velocities.Add(cache is null ? Run(null) : cache.Forward(pass, Run));
                Tensor Run(BlockResidual? residual) => transformer.Forward(from, reference, time, given[pass], rotary, residual, ct);
            }

            var next = EulerSampler.Step(latent, guidance.Combine(velocities), timesteps[step], timesteps[step + 1]);
            latent = StartWith(clean, next).MoveToOuterDisposeScope();
        }

        return latent.MoveToOuterDisposeScope();
    }

    private static Tensor StartWith(Tensor clean, Tensor latent) =>
        cat([clean, latent.narrow(2, clean.shape[2], latent.shape[2] - clean.shape[2])], 2);

    private Tensor Decode(Tensor latent, GenerationOptions options, CancellationToken ct)
    {
        using var scope = NewDisposeScope();
        var video = autoencoder.Decode(latent, autoencoder.Plan(options.Clips.ClipFrames, options.Height, options.Width), ct);
        return video.to(ScalarType.Float32).clamp(-1, 1).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>A tensor that outlives dispose scopes and is replaced now and then.</summary>
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
