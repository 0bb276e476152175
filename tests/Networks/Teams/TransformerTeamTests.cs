using Locutor.Kernels;
using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoTransformer;
using Locutor.Torch;
using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Teams;

/// <summary>Passes over several devices, against one device. Every device is the CPU, with a thread and weights of its own.</summary>
public sealed class TransformerTeamTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly long seed = TestSeed.Value;
    private readonly List<IDisposable> owned = [];

    public static TheoryData<int, int> DevicesAndPeople => new(
        from devices in new[] { 2, 3, 4, 5, 8 }
        from people in new[] { 1, 2 }
        select (devices, people));

    /// <summary>45 tokens, 15 a frame: ranges of tokens begin and end inside frames, and differ in length.</summary>
    [Theory]
    [MemberData(nameof(DevicesAndPeople))]
    public void One_pass_with_its_tokens_on_several_devices_equals_one_device(int devices, int people)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(devices, devices, out var parameters);
        team.Plan(1).ShouldBe(new PassPlan(1, devices));
        var clip = new Clip(team.Lead, seed, people);
        var expected = clip.Pass(team.Lead, clip.Given);
        Passes(team, clip, [new(clip.Given)])[0].ShouldBeNear(expected, 1e-5, $"seed {seed}, {devices} devices, {people} people");
        parameters[0].Forget("blocks.1."); // the first device computes a part with its own parameters
        Should.Throw<Exception>(() => Passes(team, clip, [new(clip.Given)]));
    }

    [Theory]
    [InlineData(LinearPrecision.Float8)]
    [InlineData(LinearPrecision.Int8)]
    public void Few_bits_round_each_token_as_on_one_device(LinearPrecision linears)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(3, 3, out _, linears);
        var clip = new Clip(team.Lead, seed, 1);
        Passes(team, clip, [new(clip.Given)])[0].ShouldBeNearInNorm(clip.Pass(team.Lead, clip.Given), 1e-2, $"seed {seed}");
    }

    /// <summary>Numbers of 8-bit attention, emulated: every device has lists of tiles for its heads.</summary>
    [Fact]
    public void Eight_bit_attention_with_lists_of_tiles_equals_one_device()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        using var eightBit = TorchOptions.Override(TorchOptions.Current with { Attention = "8bit" });
        var team = Team(3, 3, out _);
        var clip = new Clip(team.Lead, seed, 1);
        VisitedTiles[] Lists() => [.. Enumerable.Range(0, 2).Select(_ => new VisitedTiles(0.2, 8, 8))];
        var (alone, lists) = (Lists(), new[] { Lists(), Lists(), Lists() });
        for (int step = 0; step < 2; step++)
        {
            var expected = clip.Pass(team.Lead, clip.Given with { Tiles = alone });
            Passes(team, clip, [new(clip.Given, null, lists)])[0].ShouldBeNearInNorm(expected, 2e-2, $"seed {seed}, step {step}");
        }

        lists.Sum(device => device[0].Count().All).ShouldBe(alone[0].Count().All);
        lists.Sum(device => device[0].Count().Skipped).ShouldBeGreaterThan(0, "tiles were left out");
    }

    /// <summary>Passes of a step on different devices have no sums in another order.</summary>
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(8, 3)]
    public void Different_passes_on_different_devices_equal_one_device_bit_for_bit(int devices, int passes)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(devices, 1, out _); // 1 head: tokens cannot be divided
        team.Plan(passes).ShouldBe(new PassPlan(Math.Min(devices, passes), 1));
        var clip = new Clip(team.Lead, seed, 1);
        PassRequest[] requests =
        [
            .. new[] { clip.Given, clip.Given with { Text = clip.Given.Image }, clip.Given with { Image = clip.Given.Text } }
                .Take(passes).Select(given => new PassRequest(given))
        ];
        foreach (var (found, request) in Passes(team, clip, requests).Zip(requests))
            found.Equals(clip.Pass(team.Lead, request.Conditioning)).ShouldBeTrue($"seed {seed}");
    }

    [Fact]
    public void Two_passes_on_four_devices_divide_the_tokens_of_each()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(4, 4, out _);
        team.Plan(2).ShouldBe(new PassPlan(2, 2));
        var clip = new Clip(team.Lead, seed, 1);
        PassRequest[] requests = [new(clip.Given), new(clip.Given with { Text = clip.Given.Image })];
        foreach (var (found, request) in Passes(team, clip, requests).Zip(requests))
            found.ShouldBeNear(clip.Pass(team.Lead, request.Conditioning), 1e-5, $"seed {seed}");
    }

    /// <summary>A reused residual stays on the devices that made it, also when the next step has other passes.</summary>
    [Fact]
    public void A_residual_is_reused_on_the_devices_that_computed_it()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(4, 4, out _);
        var clip = new Clip(team.Lead, seed, 1);
        using var alone = new BlockResidual();
        using var residual = new PassResidual();
        var other = clip.Given with { Text = clip.Given.Image };
        residual.IsEmpty.ShouldBeTrue();
        Passes(team, clip, [new(other), new(clip.Given, residual)]); // on devices 2 and 3
        residual.IsEmpty.ShouldBeFalse();
        clip.Pass(team.Lead, clip.Given, alone);
        residual.Reuse = alone.Reuse = true;
        clip.Latent.mul_(0.5f);
        var expected = clip.Pass(team.Lead, clip.Given, alone);
        Passes(team, clip, [new(clip.Given, residual)])[0].ShouldBeNear(expected, 1e-5, $"seed {seed}");
        residual.Reuse = false;
        Passes(team, clip, [new(clip.Given, residual)])[0].ShouldBeNear(clip.Pass(team.Lead, clip.Given), 1e-5, $"seed {seed}");
    }

    /// <summary>The weights of one device are freed, so that its pass fails in the middle while the others wait for its tokens.</summary>
    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 0)]
    public async Task A_device_that_fails_ends_the_pass_with_its_reason(int devices, int failing)
    {
        var team = Team(devices, devices, out var parameters);
        var clip = new Clip(team.Lead, seed, 1);
        parameters[failing].Forget("blocks.1.");
        var cancellationToken = TestContext.Current.CancellationToken;
        var failure = await Should.ThrowAsync<DeviceFailedException>(
            () => Task.Run(() => Passes(team, clip, [new(clip.Given)]), cancellationToken).WaitAsync(Patience, cancellationToken));
        failure.Message.ShouldStartWith("cpu: ");
        failure.InnerException.ShouldNotBeOfType<GroupBrokenException>();
    }

    [Fact]
    public void A_cancelled_pass_leaves_a_team_that_works()
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var team = Team(3, 3, out _);
        var clip = new Clip(team.Lead, seed, 1);
        var first = Passes(team, clip, [new(clip.Given)])[0];
        Should.Throw<OperationCanceledException>(() => PassesUntil(team, clip, [new(clip.Given)], new CancellationToken(true)));
        Passes(team, clip, [new(clip.Given)])[0].Equals(first).ShouldBeTrue($"seed {seed}");
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 2, 1, 2)]
    [InlineData(1, 3, 1, 2)] // 40 heads do not divide by 3
    [InlineData(1, 8, 1, 8)]
    [InlineData(2, 2, 2, 1)]
    [InlineData(2, 3, 2, 1)]
    [InlineData(2, 4, 2, 2)]
    [InlineData(2, 8, 2, 4)]
    [InlineData(3, 2, 1, 2)]
    [InlineData(3, 3, 3, 1)]
    [InlineData(3, 4, 1, 4)]
    [InlineData(3, 6, 3, 2)]
    [InlineData(3, 8, 1, 8)]
    public void Guidance_is_divided_first_then_the_sequence(int passes, int devices, int groups, int size) =>
        PassPlan.Choose(passes, devices, 40, devices).ShouldBe(new PassPlan(groups, size));

    [Fact]
    public void Devices_without_access_to_each_other_divide_the_passes_only()
    {
        PassPlan.Choose(1, 2, 40, largestGroup: 1).ShouldBe(new PassPlan(1, 1));
        PassPlan.Choose(2, 4, 40, largestGroup: 1).ShouldBe(new PassPlan(2, 1));
    }

    /// <summary>The ranges of a clip cover each token once; with 8-bit attention they begin with a tile of 256 keys.</summary>
    [Theory]
    [InlineData(21, 40, 40, 1)]
    [InlineData(21, 40, 40, 256)]
    [InlineData(9, 48, 28, 256)]
    [InlineData(3, 3, 5, 1)]
    public void Ranges_cover_every_token_once(int frames, int rows, int columns, int multiple)
    {
        var grid = new PatchGrid(frames, rows, columns);
        foreach (int devices in (int[])[2, 3, 4, 5, 8])
        {
            var ranges = TokenRange.Split(grid, devices, multiple);
            ranges.Sum(range => range.Count).ShouldBe(grid.Tokens);
            long start = 0;
            foreach (var range in ranges)
            {
                range.Start.ShouldBe(start);
                (range.Start % multiple).ShouldBe(0);
                range.Count.ShouldBeGreaterThan(0);
                (range.FirstFrame * grid.TokensPerFrame).ShouldBeLessThanOrEqualTo(range.Start);
                ((range.FirstFrame + range.Frames) * grid.TokensPerFrame).ShouldBeGreaterThanOrEqualTo(range.Start + range.Count);
                start += range.Count;
            }

            (ranges.Max(range => range.Count) - ranges.Min(range => range.Count)).ShouldBeLessThanOrEqualTo(2 * multiple - 1);
        }
    }

    public void Dispose()
    {
        foreach (var one in owned) one.Dispose();
    }

    private static IReadOnlyList<Tensor> Passes(TransformerTeam team, Clip clip, IReadOnlyList<PassRequest> requests) =>
        PassesUntil(team, clip, requests, TestContext.Current.CancellationToken);

    private static IReadOnlyList<Tensor> PassesUntil(
        TransformerTeam team, Clip clip, IReadOnlyList<PassRequest> requests, CancellationToken cancellationToken)
    {
        using var still = no_grad();
        using var passes = team.Begin(clip.Reference);
        return passes.Forward(clip.Latent, clip.Time, requests, cancellationToken);
    }

    private TransformerTeam Team(int devices, int heads, out RandomParameters[] parameters, LinearPrecision linears = LinearPrecision.Plain)
    {
        var config = new VideoTransformerConfig(
            Width: 16 * heads, FeedForward: 96, Heads: heads, Blocks: 2, TextWidth: 32, TextTokens: 8, ImageWidth: 16,
            AudioBlocks: 2, AudioChannels: 8, AudioHidden: 16, AudioWidth: 16, AudioTokens: 2);
        parameters = [.. Enumerable.Range(0, devices).Select(_ => new RandomParameters(seed))];
        var team = new TransformerTeam(
            [
                .. parameters.Select(one => new TeamMember(
                    CPU, new VideoTransformer.VideoTransformer(new Weights(one, ScalarType.Float32, CPU).With(linears), config)))
            ]);
        owned.AddRange([team, .. parameters]);
        return team;
    }

    /// <summary>Inputs of one clip of 45 tokens.</summary>
    private sealed class Clip
    {
        private const int Frames = 3, Height = 6, Width = 10;
        private readonly RotaryTable rotary;

        public Clip(VideoTransformer.VideoTransformer network, long seed, int people)
        {
            var inputs = new RandomInputs(seed);
            Latent = inputs.Normal(1, 16, Frames, Height, Width);
            Reference = inputs.Normal(1, 20, Frames, Height, Width);
            Time = network.EmbedTime(tensor([437.5f]));
            var grid = network.Grid(Frames, Height, Width);
            rotary = RotaryTable.Create(network.Config.HeadWidth, grid, CPU);
            var speakers = people == 2 ? new SpeakerMasks(inputs.Normal(3, Height, Width), grid) : null;
            Given = new Conditioning(
                network.EmbedText(inputs.Normal(1, 5, 32)), network.EmbedImage(inputs.Normal(1, 9, 16)),
                network.EmbedAudio(inputs.Normal(1, people, 4 * Frames - 3, 5, 2, 8), speakers));
        }

        public Tensor Latent { get; }

        public Tensor Reference { get; }

        public TimeEmbedding Time { get; }

        public Conditioning Given { get; }

        public Tensor Pass(VideoTransformer.VideoTransformer network, Conditioning given, BlockResidual? residual = null) =>
            network.Forward(Latent, Reference, Time, given, rotary, residual);
    }
}
