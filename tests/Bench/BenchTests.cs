using System.Text.Json;
using Locutor.Generation.Loading;
using Locutor.Kernels.Quantisation;
using Locutor.Models.Store;
using Locutor.Networks.Residency;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Bench.Tests;

public sealed class BenchTests(ITestOutputHelper output)
{
    private static readonly BenchOptions Options = new(UntrainedBundle.Bundle, CPU, 64, 48, 9) { Repeat = 1, Check = true };

    [Fact]
    public void Every_part_is_checked_measured_and_kept()
    {
        string kept = "";
        int reports = 0;
        var report = BenchRun.Measure("all", Options, output.WriteLine, soFar => (kept, reports) = (soFar.ToJson(), reports + 1));
        report.Rows.Select(row => row.Part).Distinct().Order()
            .ShouldBe(BenchRun.Parts.Except(["accuracy", "presets", "memory", "files"]).Order());
        report.Rows.ShouldAllBe(row => row.Seconds == null ? row.Error <= row.ErrorAllowed : row.Seconds > 0);
        report.Rows.Count(row => row.Floor > 0).ShouldBeGreaterThan(8);
        report.Ceilings.ShouldAllBe(ceiling => ceiling.Rate > 1e6 && double.IsFinite(ceiling.Rate));
        reports.ShouldBeGreaterThanOrEqualTo(BenchRun.Parts.Count - 4);
        JsonDocument.Parse(kept).RootElement.GetProperty("rows").GetArrayLength().ShouldBe(report.Rows.Count);
    }

    [Theory]
    [InlineData(Precision.Float8)]
    [InlineData(Precision.BFloat16)]
    public void A_bundle_of_random_numbers_loads_as_a_trained_one(Precision precision)
    {
        string folder = Directory.CreateTempSubdirectory("locutor-bench-").FullName;
        var sketch = ModelFinder.Find(null).Bundle;
        var row = BenchRun.Measure(
            "files", Options with { Bundle = sketch, Precision = precision, Folder = folder }, output.WriteLine, _ => { }).Rows.Single();
        row.Seconds!.Value.ShouldBeGreaterThan(0);
        var model = ModelFinder.Find(Path.Combine(folder, sketch.Name + "-random", "bundle.json"));
        using (var networks = NetworkSet.Load(model, LoadingOptions.From([CPU], Precision.Float32)))
        {
            networks.Bundle.Name.ShouldBe(sketch.Name + "-random");
            networks.EmbedText("a person is talking").std().item<float>().ShouldBeInRange(0.01f, 100);
        }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The rows count all clips of the voice, whether its speech is encoded as a whole or as it comes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_is_measured_along_a_whole_voice(bool stream)
    {
        var rows = BenchRun.Measure(
            "memory", Options with { Height = 32, Width = 32, Frames = 13, Minutes = 0.05, StreamSpeech = stream }, output.WriteLine,
            _ => { }).Rows;
        rows.Count.ShouldBeGreaterThanOrEqualTo(2);
        rows[^1].What.ShouldStartWith("75 frames of 75");
        rows.ShouldAllBe(row => row.MemoryGiB > 0.05);
        rows.Select(row => row.MemoryGiB).ShouldBeInOrder();
        rows.ShouldAllBe(row => row.What.Contains(stream ? "as it comes" : "as a whole"));
    }

    [Theory]
    [InlineData(Precision.Float8)]
    [InlineData(Precision.Int8)]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float32)]
    public void A_pass_is_compared_with_plain_float32_at_every_precision(Precision precision)
    {
        var rows = BenchRun.Measure("pass", Options with { Precision = precision }, output.WriteLine, _ => { }).Rows;
        var check = rows.Single(row => row.Error is not null);
        check.Error!.Value.ShouldBeLessThan(check.ErrorAllowed!.Value);
        if (precision == Precision.Float32) check.Error.Value.ShouldBeLessThan(1e-5);
        else check.Error.Value.ShouldBeGreaterThan(1e-4, "something must have been rounded");
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(double.PositiveInfinity)]
    public void Results_with_too_large_an_error_are_not_timed(double error) =>
        Should.Throw<BenchException>(
            () => Meter.Checked(new BenchRow("pass", "2 blocks", null) { Error = error, ErrorAllowed = 0.02 }))
            .Message.ShouldContain("nothing was timed");

    /// <summary>libtorch keeps the memory of earlier parts, so a part that needs less than they did shows nothing of its own.</summary>
    [Fact]
    public void Memory_is_told_of_the_GPUs_where_it_grew()
    {
        const long GiB = 1L << 30;
        Meter.Largest([3 * GiB, GiB], [3 * GiB, GiB]).ShouldBeNull();
        Meter.Largest([3 * GiB, GiB], [3 * GiB + (1 << 20), GiB]).ShouldBeNull();
        Meter.Largest([3 * GiB, GiB], [5 * GiB, GiB]).ShouldBe(5);
        Meter.Largest([3 * GiB, GiB], [3 * GiB, 2 * GiB]).ShouldBe(2);
    }

    [Fact]
    public void NaN_is_not_a_small_error()
    {
        using var bad = full([3], float.NaN);
        using var good = ones(3);
        Meter.RelativeError(bad, good).ShouldBe(double.PositiveInfinity);
        Meter.RelativeError(good * 1.01f, good).ShouldBe(0.01, 1e-5);
    }

    [Fact]
    public void A_part_that_cannot_be_measured_is_refused()
    {
        Should.Throw<BenchException>(() => BenchRun.Measure("passes", Options, _ => { }, _ => { })).Message.ShouldContain("pass, kernels");
        Should.Throw<BenchException>(() => BenchRun.Measure("pass", Options with { Frames = 8 }, _ => { }, _ => { }));
        Should.Throw<BenchException>(() => BenchRun.Measure("pass", Options with { Height = 100 }, _ => { }, _ => { }));
    }

    /// <summary>
    /// The expected values were computed by hand for 640x640 pixels and 81 frames: 33,600 tokens; 40 blocks with 6 products of 5120x5120
    /// and two of 5120x13824, and speech folded into 1280 columns; 268 TFLOP of decoding.
    /// </summary>
    [Fact]
    public void Lower_bounds_of_time_follow_from_the_operations_of_the_released_sizes()
    {
        var grid = new PatchGrid(21, 40, 40);
        Work.Linears(VideoTransformerConfig.Wan14B, grid).ShouldBe(0.803e15, 0.002e15);
        Work.FoldedSpeech(VideoTransformerConfig.Wan14B, grid).ShouldBe(0.038e15, 0.001e15);
        Work.SelfAttention(VideoTransformerConfig.Wan14B, grid).ShouldBe(0.925e15, 0.002e15);
        Work.OtherAttention(VideoTransformerConfig.Wan14B, grid).ShouldBe(0.925e15 * 769 / 33600.0, 0.002e15);
        Work.Decode(VideoAutoencoderConfig.Wan21, 21, 640, 640).ShouldBe(268e12, 1e12);
        // one latent frame of 4 x 4: a convolution from the latent, 4 in the middle, 4 of two blocks, and one to squares of 2 x 2 pixels
        var shorter = VideoAutoencoderConfig.Wan21 with
        {
            Width = 1,
            LatentChannels = 1,
            Multipliers = [1, 1],
            ResidualBlocks = 1,
            TemporalDownsample = [false],
            DecoderWidths = [6],
        };
        Work.Decode(shorter, 1, 8, 8).ShouldBe(2.0 * 27 * (6 + 4 * 36 + 4 * 36 + 6 * 12) * 16);
    }

    [Fact]
    public void A_budget_reserves_memory_for_activations_and_other_networks()
    {
        var bundle = UntrainedBundle.Bundle;
        MemoryPlan.Parse("24").ShouldBe(24L << 30);
        MemoryPlan.Parse("24GiB").ShouldBe(24L << 30);
        MemoryPlan.Parse("1.5GB").ShouldBe(1_500_000_000);
        MemoryPlan.Parse(null).ShouldBeNull();
        foreach (string bad in new[] { "", "much", "-3", "0", "NaN", "1e99" })
            Should.Throw<Generation.Requests.RequestException>(() => MemoryPlan.Parse(bad), bad);
        MemoryPlan.Within(bundle, null, ScalarType.BFloat16, default).Residency.Resident.ShouldBe(int.MaxValue);
        MemoryPlan.Within(bundle, 1L << 40, ScalarType.BFloat16, default).Residency.Resident.ShouldBe(int.MaxValue);
        MemoryPlan.Within(bundle, 1, ScalarType.BFloat16, default).Residency.Resident.ShouldBe(0);
        MemoryPlan.Within(bundle, null, ScalarType.BFloat16, default).TextStays.ShouldBeTrue();
        MemoryPlan.Within(bundle, 1L << 40, ScalarType.BFloat16, default).TextStays.ShouldBeTrue();
        MemoryPlan.Within(bundle, 1, ScalarType.BFloat16, default).TextStays.ShouldBeFalse();
        MemoryPlan.Within(bundle, null, ScalarType.BFloat16, default).AutoencoderRoom.ShouldBeNull();
        MemoryPlan.Within(bundle, 1, ScalarType.BFloat16, default).AutoencoderRoom.ShouldBe(0);
        MemoryPlan.Within(bundle, 1L << 40, ScalarType.BFloat16, default).AutoencoderRoom!.Value.ShouldBeInRange(7L << 36, 7L << 37);
    }

    /// <summary>
    /// The expected values were computed by hand for float8: 40 blocks of 0.46 GB, 1.9 GB of keys and values, 3.8 GB of tokens, 2.2 GB of
    /// other networks, 9.3 GB of the text encoder.
    /// </summary>
    [Fact]
    public void A_budget_keeps_as_many_released_networks_as_fit()
    {
        var bundle = BundleCatalogue.Default().Find("infinitetalk-480p")!.Bundle;
        BlockResidency At(long gib) => MemoryPlan.Within(bundle, gib << 30, ScalarType.BFloat16, LinearPrecision.Float8).Residency;
        At(28).ShouldBe(BlockResidency.All);
        At(24).Resident.ShouldBeInRange(30, 38);
        At(12).Resident.ShouldBeInRange(3, 10);
        MemoryPlan.Within(bundle, 28L << 30, ScalarType.BFloat16, LinearPrecision.Float8).TextStays.ShouldBeFalse();
        MemoryPlan.Within(bundle, 36L << 30, ScalarType.BFloat16, LinearPrecision.Float8).TextStays.ShouldBeTrue();
        MemoryPlan.Within(
            bundle, 36L << 30, ScalarType.Float16,
            LinearPrecision.Float8).TextStays.ShouldBeFalse("float16 ends below what the text encoder reaches");
        MemoryPlan.Within(
            bundle, 36L << 30, ScalarType.BFloat16, LinearPrecision.Float8).AutoencoderRoom!.Value.ShouldBeInRange(2L << 30, 6L << 30);
    }
}
