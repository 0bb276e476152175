using Locutor.Training.Data;
using Locutor.Training.Evaluation;
using Locutor.Training.Faces;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>A few scenes outside the training data, with which a training run is monitored.</summary>
public sealed class UnseenScenes : IDisposable
{
    private readonly IReadOnlyList<Scene> scenes;
    private readonly ScriptOptions options;
    private readonly TrainingRun run;
    private readonly FrozenNetworks frozen;
    private readonly LatentPool pool;
    private readonly MouthMeter[] meters;
    private readonly double[][] truth;
    private readonly double ceiling;

    public UnseenScenes(IReadOnlyList<Scene> scenes, ScriptOptions options, SketchNetworks networks, TrainingRun run, FrozenNetworks frozen)
    {
        this.scenes = scenes;
        this.options = options;
        this.run = run;
        this.frozen = frozen;
        pool = new LatentPool(scenes.Count, options, networks, run.Device, run.Type);
        frozen.Encode(scenes, options, networks, pool);
        meters = new MouthMeter[scenes.Count];
        Parallel.For(0, scenes.Count, new ParallelOptions { MaxDegreeOfParallelism = run.Threads }, i =>
        {
            using var renderer = new FaceRenderer(options.Size, options.Size);
            meters[i] = MouthMeter.For(scenes[i].Person, scenes[i].Poses[0] with { JawOpen = 0, LipPress = 0 }, renderer, i);
        });
        truth =
        [
            .. scenes.Select(s => Enumerable.Range(0, options.ClipFrames)
                .Select(f => (double)FaceRegions.Create(s.Person, s.Poses[f], options.Size, options.Size).Truth.Opening).ToArray())
        ];
        ceiling = Ceiling();
    }

    /// <summary>The inputs from which the first clip of every scene is generated.</summary>
    /// <param name="Audio">[B, clip frames + 4, blocks, channels]</param>
    /// <param name="Clean">[B, 16, 1, h, w]</param>
    public sealed record Prompt(Tensor Still, Tensor Image, Tensor Audio, Tensor Clean);

    /// <summary>The quality of the first clips.</summary>
    /// <param name="Correlation">
    /// The correlation of the mouth opening, read from pixels, with the rendered frames; mean over scenes.
    /// </param>
    /// <param name="Lag">The mean lag of best correlation in frames; a positive lag is late.</param>
    /// <param name="Ceiling">The correlation of rendered frames that passed only through the autoencoder.</param>
    /// <param name="RestPsnr">The PSNR in decibels against the rendered frames, without mouth and eyes.</param>
    /// <param name="Silent">The mean opening in frames whose rendered mouth is closed.</param>
    /// <param name="Speaking">The mean opening in frames whose rendered mouth is open.</param>
    public sealed record Figures(double Correlation, double Lag, double Ceiling, double RestPsnr, double Silent, double Speaking);

    /// <summary>Samples latents with the given function, decodes them and measures the frames.</summary>
    public Figures Measure(Func<Prompt, Tensor> sample, string? sheet)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var rows = arange(scenes.Count, ScalarType.Int64, run.Device) * options.Clips;
        var clean = pool.Latents.index_select(0, rows).to(float32).narrow(2, 0, 1);
        var made = Decode(sample(new Prompt(pool.Stills, pool.Images, pool.Audio.index_select(0, rows), clean)));
        double[][] read = Openings(made);
        if (sheet is not null) Draw(made, sheet);
        var best = read.Select((r, i) => Statistics.BestLag(r, truth[i], Math.Min(4, r.Length / 6))).ToArray();
        var pairs = read.SelectMany((r, i) => r.Zip(truth[i])).ToArray();
        return new Figures(
            best.Average(b => b.Correlation), best.Average(b => (double)b.Lag), ceiling, RestPsnr(made),
            pairs.Where(p => p.Second < 0.03).Select(p => p.First).DefaultIfEmpty().Average(),
            pairs.Where(p => p.Second >= 0.1).Select(p => p.First).DefaultIfEmpty().Average());
    }

    public void Dispose() => pool.Dispose();

    private double Ceiling()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var rows = arange(scenes.Count, ScalarType.Int64, run.Device) * options.Clips;
        double[][] read = Openings(Decode(pool.Latents.index_select(0, rows)));
        return read.Select((r, i) => Statistics.Correlation(r, truth[i])).Average();
    }

    /// <summary>Decodes latents to frames: bytes [B, F, H, W, 3] on the host.</summary>
    private Tensor Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var video = frozen.Autoencoder.Decode(latents).to(float32);
        return video.permute(0, 2, 3, 4, 1).add(1).mul(127.5).round().clamp(0, 255).to(ScalarType.Byte).contiguous().cpu()
            .MoveToOuterDisposeScope();
    }

    private double[][] Openings(Tensor made)
    {
        byte[] all = made.bytes.ToArray();
        return [
            .. scenes.Select((_, s) => Enumerable.Range(0, options.ClipFrames)
                .Select(f => meters[s].Read(all.AsSpan((s * options.ClipFrames + f) * options.FrameBytes, options.FrameBytes)))
                .ToArray())
        ];
    }

    private double RestPsnr(Tensor made)
    {
        var bytes = made.bytes;
        double sum = 0;
        long count = 0;
        for (int s = 0; s < scenes.Count; s++)
        {
            PixelBox[] moving = [scenes[s].Mouth, .. scenes[s].Eyes];
            for (int f = 0; f < options.ClipFrames; f++)
            {
                var truthFrame = scenes[s].Frame(f, options.FrameBytes);
                int at = (s * options.ClipFrames + f) * options.FrameBytes;
                for (int i = 0; i < options.FrameBytes; i++)
                {
                    int pixel = i / 3, x = pixel % options.Size, y = pixel / options.Size;
                    if (moving.Any(b => b.Contains(x, y))) continue;
                    int d = bytes[at + i] - truthFrame[i];
                    sum += d * d;
                    count++;
                }
            }
        }
        return 10 * Math.Log10(255.0 * 255.0 / Math.Max(1e-6, sum / Math.Max(1, count)));
    }

    private void Draw(Tensor made, string path)
    {
        int people = Math.Min(6, scenes.Count), columns = 11;
        byte[] all = made.bytes.ToArray();
        using var sheet = new ContactSheet(columns, 2 * people, options.Size, options.Size);
        for (int s = 0; s < people; s++)
        {
            for (int i = 0; i < columns; i++)
            {
                int frame = Math.Min(options.ClipFrames - 1, 3 * i + 1);
                sheet.Place(2 * s * columns + i, scenes[s].Frame(frame, options.FrameBytes), $"true {truth[s][frame]:F2}");
                var picture = all.AsSpan((s * options.ClipFrames + frame) * options.FrameBytes, options.FrameBytes);
                sheet.Place((2 * s + 1) * columns + i, picture, $"made {meters[s].Read(picture):F2}");
            }
        }
        File.WriteAllBytes(path, sheet.Encode());
    }
}
