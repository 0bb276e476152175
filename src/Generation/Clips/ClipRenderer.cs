using System.Diagnostics;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Correction;
using Locutor.Generation.Guard;
using Locutor.Generation.Pictures;
using Locutor.Generation.Progress;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;
using PassConditioning = Locutor.Networks.VideoTransformer.Conditioning;

namespace Locutor.Generation.Clips;

/// <summary>The inputs of a clip; equal networks and equal parts give an equal clip.</summary>
/// <param name="Inputs">The inputs of the video.</param>
/// <param name="Options">The options of the video.</param>
/// <param name="Clip">The window of the clip.</param>
/// <param name="Picture">The conditioning picture at the start of the clip.</param>
/// <param name="Motion">The last frames of the preceding clip, [3, frames, H, W]; null if there is none.</param>
/// <param name="Noise">Source of the noise.</param>
internal sealed record ClipParts(
    GenerationInputs Inputs, GenerationOptions Options, Clip Clip, Picture Picture, Tensor? Motion, INoise Noise);

/// <summary>
/// Computes clips with one set of networks: encodes, conditions, denoises and decodes. Every result is checked for numbers that are not
/// finite.
/// </summary>
/// <param name="team">The video transformer, on one or several devices.</param>
/// <param name="autoencoder">The video autoencoder.</param>
/// <param name="imageEncoder">The picture encoder.</param>
/// <param name="device">The device that runs the networks; of several, the first.</param>
/// <param name="precision">Precision of the networks, for messages.</param>
internal sealed class ClipRenderer(
    TransformerTeam team, VideoAutoencoder autoencoder, ClipVisionEncoder imageEncoder, Device device, string precision) : IDisposable
{
    private const string AutoencoderName = "video autoencoder", TransformerName = "video transformer";

    private static readonly TimeSpan PreviewPause = TimeSpan.FromSeconds(0.5);

    private readonly VideoTransformer transformer = team.Lead;
    private readonly ContextCache context = new(team.Lead, imageEncoder, device);
    private Picture? encoded; // a still picture is encoded once
    private Tensor? reference;
    private LatentPreview? preview;
    private long? previewed;

    /// <summary>Computes one whole clip: [3, clip frames, H, W] in [-1, 1] on the device, before colour correction.</summary>
    /// <exception cref="WrongResultException">The result of a network is not finite.</exception>
    public Tensor Render(ClipParts parts, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        var (inputs, options, clip, _, motion, noise) = parts;
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var watch = new FiniteWatch(precision);
        var picture = Pixels.FromPicture(parts.Picture);
        var pictureLatent = Reference(parts.Picture, picture, options, cancellationToken);
        var clean = motion is null ? pictureLatent.narrow(2, 0, 1) : EncodeMotion(motion, picture, pictureLatent, parts, cancellationToken);
        string encoding = $"the encoding of {Number(clip)}";
        watch.Look(pictureLatent, AutoencoderName, encoding);
        watch.Look(clean, AutoencoderName, encoding);
        var whole = cat([ConditioningMask(pictureLatent), pictureLatent], 1);
        using var speakers = Speakers(inputs, pictureLatent);
        var given = Conditions(parts, picture, speakers, watch);
        var start = noise.ForClip(clip.Index, [.. pictureLatent.shape.AsSpan(1)]).unsqueeze(0).to(device);
        var latent = Denoise(start, clean, whole, given, parts, watch, progress, cancellationToken);
        var video = inputs.DrawnPicture is { } drawn
            ? DecodeMoving(latent, pictureLatent, drawn, parts, watch, cancellationToken)
            : Decode(latent, (options.Clips.ClipFrames, options.Height, options.Width), clip, watch, cancellationToken);
        watch.Finish(device);
        return (motion is not null && options.Continuity is { } held ? Continuity.Join(video, motion, held.JoinedFrames) : video)
            .MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        reference?.Dispose();
        preview?.Dispose();
        context.Dispose();
    }

    private static string Number(Clip clip) => $"clip {clip.Index + 1}";

    private Tensor Reference(Picture picture, Tensor pixels, GenerationOptions options, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(encoded, picture) && reference is not null) return reference;
        var latent = EncodeReference(pixels, options, cancellationToken).DetachFromDisposeScope();
        reference?.Dispose();
        preview?.Dispose();
        long shown = options.HoldPicture ? latent.shape[2] - 1 : 0;
        (encoded, reference, preview) = (picture, latent, options.Previews ? LatentPreview.Fit(latent, pixels, shown) : null);
        return latent;
    }

    /// <summary>Encodes the conditioning picture and the frames that follow it: [1, 16, F, h, w].</summary>
    private Tensor EncodeReference(Tensor picture, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var shown = picture.unsqueeze(0).to(device); // [1, 3, 1, H, W]
        int frames = options.Clips.ClipFrames;
        var plan = autoencoder.Plan(frames, options.Height, options.Width);
        var latent = options.HoldPicture
            ? autoencoder.EncodeHeldPicture(shown, frames, plan, cancellationToken)
            : autoencoder.EncodePictureThenBlank(shown, frames, plan, cancellationToken);
        return latent.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Encodes the motion frames. If the picture is held still, only the region in which they differ from it is encoded; all other cells
    /// are those of the picture.
    /// </summary>
    private Tensor EncodeMotion(
        Tensor motion, Tensor picture, Tensor pictureLatent, ClipParts parts, CancellationToken cancellationToken)
    {
        var options = parts.Options;
        if (options.Continuity is not { } held) return Encode(motion.unsqueeze(0).to(device), cancellationToken);
        using var scope = NewDisposeScope();
        var settled = Continuity.Settle(motion.to(device), picture.to(device), held.StillTolerance);
        if (!options.HoldPicture || parts.Inputs.DrawnPicture is null)
            return Encode(settled.unsqueeze(0), cancellationToken).MoveToOuterDisposeScope();
        int stride = autoencoder.Config.SpatialStride();
        var region = MovingRegion.Find(settled, picture.to(device), stride);
        var still = pictureLatent.narrow(2, 0, 1 + (settled.shape[1] - 1) / autoencoder.Config.TemporalStride());
        if (region.IsEmpty) return still.clone().MoveToOuterDisposeScope();
        var part = settled.narrow(2, stride * region.Top, stride * (region.Bottom - region.Top))
            .narrow(3, stride * region.Left, stride * (region.Right - region.Left)).unsqueeze(0);
        var latent = Encode(part, cancellationToken).to(still.dtype).squeeze(0);
        return MovingRegion.Place(latent, region, still.squeeze(0), 1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    private Tensor Encode(Tensor video, CancellationToken cancellationToken) =>
        autoencoder.Encode(video, autoencoder.Plan(video.shape[2], video.shape[3], video.shape[4]), cancellationToken);

    /// <summary>
    /// Creates the 4 mask channels: 1 in the first latent frame, 0 in all others. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, line
    /// 552, at commit 0107cd9.
    /// </summary>
    private static Tensor ConditioningMask(Tensor latent)
    {
        var mask = zeros([1, 4, latent.shape[2], latent.shape[3], latent.shape[4]], ScalarType.Float32, latent.device);
        mask.narrow(2, 0, 1).fill_(1);
        return mask;
    }

    /// <summary>
    /// Computes keys and values for each kind of pass that guidance needs. Those of speech are computed once per clip, the others less
    /// often.
    /// </summary>
    private Dictionary<Pass, PassConditioning> Conditions(ClipParts parts, Tensor pixels, SpeakerMasks? speakers, FiniteWatch watch)
    {
        var (inputs, options, clip) = (parts.Inputs, parts.Options, parts.Clip);
        var passes = Guidance.PassesOf(options.Guidance);
        string encoding = $"the encoding of {Number(clip)}";
        watch.Look(inputs.Text, "text encoder", encoding);
        var negative = passes.Any(WithoutText)
            ? inputs.NegativeText ?? throw new ArgumentException("a text guidance other than 1 needs a negative text", nameof(parts))
            : inputs.Text;
        int window = transformer.Config.AudioWindow;
        var windows = stack(
            [.. inputs.Speech.Select(person => person.Windows(clip.Start, options.Clips.ClipFrames, window).to(device))], 0);
        watch.Look(windows, "speech encoder", encoding);
        using var spoken = transformer.ComputeAudioTokens(windows.unsqueeze(0));
        using var silent = passes.Any(WithoutAudio)
            ? transformer.ComputeAudioTokens(zeros_like(windows.narrow(0, 0, 1)).unsqueeze(0))
            : null;
        var made = context.Project(
            [inputs.Text, negative], parts.Picture, pixels, seen => watch.Look(seen, "picture encoder", encoding),
            silent is null ? [spoken] : [spoken, silent]);
        var speech = new AudioConditioning(made.Speech[0], speakers);
        var silence = silent is null ? speech : new AudioConditioning(made.Speech[1], null);
        return passes.ToDictionary(pass => pass, pass =>
            new PassConditioning(made.Texts[WithoutText(pass) ? 1 : 0], made.Image, WithoutAudio(pass) ? silence : speech));
    }

    private SpeakerMasks? Speakers(GenerationInputs inputs, Tensor latent)
    {
        if (inputs.Speech.Count == 1) return null;
        var masks = inputs.Speakers ?? throw new ArgumentException("two people need masks of their places", nameof(inputs));
        return new SpeakerMasks(masks.to(device), transformer.Grid(latent.shape[2], latent.shape[3], latent.shape[4]));
    }

    private static bool WithoutText(Pass pass) => pass is Pass.TextDropped or Pass.Unconditional;

    private static bool WithoutAudio(Pass pass) => pass is Pass.AudioDropped or Pass.Unconditional;

    /// <summary>Denoises a clip. Before and after each step, the first latent frames are replaced by the clean ones.</summary>
    private Tensor Denoise(
        Tensor latent, Tensor clean, Tensor reference, Dictionary<Pass, PassConditioning> given, ClipParts parts,
        FiniteWatch watch, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        var (options, clip) = (parts.Options, parts.Clip);
        using var scope = NewDisposeScope();
        using var guidance = new Guidance(options.Guidance);
        using var cache = options.StepCache?.Create();
        using var attention = SkippedAttention.Create(options.SkippedAttention, options.Steps, transformer.Config.Blocks, team.Count);
        using var network = team.Begin(reference);
        float[] timesteps = Timesteps(options);
        var times = timesteps[..options.Steps].Select(timestep => transformer.EmbedTime(tensor([timestep], device: device))).ToArray();
        clean = clean.to(ScalarType.Float32);
        latent = StartWith(clean, latent);
        Picture? shown = null;
        for (int step = 0; step < options.Steps; step++)
        {
            Report(GenerationStage.Denoising, step);
            using var inner = NewDisposeScope();
            cache?.Begin(step, latent, times[step].Modulation);
            attention?.Begin(step);
            var passes = guidance.PassesAt(step).Select(pass => (Pass: pass, Velocity: cache?.Known(pass))).ToList();
            var open = passes.Where(pass => pass.Velocity is null).Select(pass => pass.Pass).ToList();
            var computed = network.Forward(
                latent, times[step], [.. open.Select(pass => new PassRequest(given[pass], cache?.Residual(pass), attention?.For(pass)))],
                cancellationToken);
            foreach (var (pass, velocity) in open.Zip(computed)) cache?.Learn(pass, velocity);
            var velocities = passes.Select(pass => pass.Velocity ?? computed[open.IndexOf(pass.Pass)]).ToList();
            var combined = guidance.Combine(velocities);
            shown = Preview(latent, combined, timesteps[step]);
            var next = Step(latent, combined, parts, step, timesteps);
            latent = StartWith(clean, next).MoveToOuterDisposeScope();
            watch.Look(latent, TransformerName, $"step {step + 1} of {options.Steps} of {Number(clip)}");
        }

        Report(GenerationStage.Decoding, options.Steps);
        return latent.MoveToOuterDisposeScope();

        void Report(GenerationStage stage, int step) =>
            progress?.Report(new(stage, clip.Index + 1, options.Clips.KnownCount, step, options.Steps) { Preview = shown });
    }

    /// <summary>
    /// Draws the clean prediction of a step for the frame in the middle of a clip. Returns null if the last preview is less than half a
    /// second old.
    /// </summary>
    private Picture? Preview(Tensor latent, Tensor velocity, float timestep)
    {
        if (preview is null || (previewed is { } last && Stopwatch.GetElapsedTime(last) < PreviewPause)) return null;
        previewed = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        long frame = latent.shape[2] / 2;
        return preview.Draw((latent.select(2, frame) - velocity.select(2, frame) * (timestep / 1000)).squeeze(0));
    }

    private static float[] Timesteps(GenerationOptions options) =>
        options.FewSteps ? NoiseSchedule.FewSteps(options.Steps, options.Shift)
        : options.EvenSteps ? NoiseSchedule.EvenTimesteps(options.Steps, options.Shift)
        : NoiseSchedule.Timesteps(options.Steps, options.Shift);

    private Tensor Step(Tensor latent, Tensor velocity, ClipParts parts, int step, float[] timesteps)
    {
        float from = timesteps[step], to = timesteps[step + 1];
        if (!parts.Options.FewSteps) return EulerSampler.Step(latent, velocity, from, to);
        var noise = to == 0 ? null : OnDevice(parts.Noise.ForStep(parts.Clip.Index, step, [.. latent.shape.AsSpan(1)]).unsqueeze(0));
        return FewStepSampler.Step(latent, velocity, from, to, noise);
    }

    /// <summary>Copies a tensor of the CPU to the device; a GPU's queued work is not waited for.</summary>
    private Tensor OnDevice(Tensor x) =>
        device.type == TorchSharp.DeviceType.CUDA ? x.pin_memory().to(device, non_blocking: true) : x.to(device);

    private static Tensor StartWith(Tensor clean, Tensor latent) =>
        cat([clean, latent.narrow(2, clean.shape[2], latent.shape[2] - clean.shape[2])], 2);

    /// <summary>
    /// Decodes the moving region of the frames that are needed; all other pixels come from the picture after the autoencoder.
    /// </summary>
    private Tensor DecodeMoving(
        Tensor latent, Tensor pictureLatent, Picture drawn, ClipParts parts, FiniteWatch watch, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        int stride = autoencoder.Config.SpatialStride(), step = autoencoder.Config.TemporalStride();
        int frames = parts.Clip.FramesToDecode(parts.Options.Clips.ClipFrames, step);
        latent = latent.narrow(2, 0, 1 + (frames - 1) / step);
        var region = MovingRegion.Find(latent, pictureLatent.narrow(2, 0, latent.shape[2]));
        var picture = Pixels.FromPicture(drawn).to(device);
        if (region.IsEmpty) return picture.expand(-1, frames, -1, -1).contiguous().MoveToOuterDisposeScope();
        var (rows, columns) = (region.Bottom - region.Top, region.Right - region.Left);
        var part = latent.narrow(3, region.Top, rows).narrow(4, region.Left, columns);
        var video = Decode(part, (frames, stride * rows, stride * columns), parts.Clip, watch, cancellationToken);
        return MovingRegion.Place(video, region, picture, stride).MoveToOuterDisposeScope();
    }

    private Tensor Decode(
        Tensor latent, (int Frames, int Height, int Width) size, Clip clip, FiniteWatch watch, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        var video = autoencoder.Decode(latent, autoencoder.Plan(size.Frames, size.Height, size.Width), cancellationToken);
        watch.Look(video, AutoencoderName, $"the decoding of {Number(clip)}"); // before infinite values are clamped
        return video.to(ScalarType.Float32).clamp(-1, 1).squeeze(0).MoveToOuterDisposeScope();
    }
}
