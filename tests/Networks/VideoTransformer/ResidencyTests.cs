using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.Residency;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

public sealed class ResidencyTests
{
    private static readonly VideoTransformerConfig Small = new(
        Width: 64, FeedForward: 96, Heads: 2, Blocks: 7, TextWidth: 32, TextTokens: 8, ImageWidth: 16,
        AudioBlocks: 2, AudioChannels: 8, AudioHidden: 16, AudioWidth: 16, AudioTokens: 2);

    [Theory]
    [InlineData(0, 1, LinearPrecision.Plain)]
    [InlineData(0, 2, LinearPrecision.Plain)]
    [InlineData(3, 2, LinearPrecision.Float8)]
    [InlineData(4, 3, LinearPrecision.Int8)]
    [InlineData(5, 9, LinearPrecision.Plain)]
    [InlineData(6, 2, LinearPrecision.Plain)]
    public void Blocks_that_are_copied_in_turn_give_the_same_result_bit_for_bit(int resident, int slots, LinearPrecision linears)
    {
        long seed = TestSeed.Value;
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var inputs = new RandomInputs(seed);
        var (text, image, audio) = (inputs.Normal(1, 5, 32), inputs.Normal(1, 9, 16), inputs.Normal(1, 1, 5, 5, 2, 8));
        var (latent, reference, timestep) = (inputs.Normal(1, 16, 2, 4, 6), inputs.Normal(1, 20, 2, 4, 6), tensor([437.5f]));
        Tensor[] Passes(BlockResidency residency, out int misses)
        {
            using var parameters = new RandomParameters(seed);
            using var network = new VideoTransformer.VideoTransformer(
                new Weights(parameters, ScalarType.Float32, CPU).With(linears), Small, residency);
            using var rotary = RotaryTable.Create(Small.HeadWidth, network.Grid(2, 4, 6), CPU);
            var given = new Conditioning(network.EmbedText(text), network.EmbedImage(image), network.EmbedAudio(audio));
            var said = Enumerable.Range(0, 3).Select(_ => network.Forward(latent, reference, timestep, given, rotary)).ToArray();
            misses = network.Misses;
            return said;
        }

        var expected = Passes(BlockResidency.All, out int none);
        var found = Passes(new BlockResidency(resident, slots), out int missed);
        none.ShouldBe(0);
        missed.ShouldBe(1, $"seed {seed}: only the first block of all was not on its way, whatever came before it");
        foreach (var (one, other) in expected.Zip(found)) one.Equals(other).ShouldBeTrue($"seed {seed}");
    }

    /// <summary>A copy into a slot starts after the slot's block has run and before the next block runs, so that both overlap.</summary>
    [Theory]
    [InlineData(7, 2)]
    [InlineData(5, 3)]
    [InlineData(4, 4)]
    public void Copies_start_a_block_ahead_and_never_over_a_block_in_use(int blocks, int slots)
    {
        using var transport = new Recording(slots);
        var schedule = new SlotSchedule(blocks, slots, transport);
        for (int pass = 0; pass < 4; pass++)
        {
            for (int block = 0; block < blocks; block++)
            {
                int slot = schedule.Acquire(block);
                transport.Holds[slot].ShouldBe(block);
                transport.InUse = slot;
                if (pass > 0)
                    transport.Age[slot].ShouldBeGreaterThanOrEqualTo(Math.Min(slots - 1, 1), "on its way while another block worked");
                for (int other = 0; other < slots; other++) transport.Age[other]++;
                transport.InUse = -1;
                schedule.Release(slot, block);
            }
        }

        schedule.Misses.ShouldBe(1);
        if (slots == blocks) transport.Begun.ShouldBe(blocks, "what fits is fetched once");
        else transport.Begun.ShouldBe(4 * blocks + slots);
    }

    [Fact]
    public void A_budget_keeps_as_many_blocks_as_fit_beside_two_slots()
    {
        BlockResidency.Within(100, 20, 2, 40).ShouldBe(BlockResidency.All);
        BlockResidency.Within(60, 20, 2, 40).ShouldBe(new BlockResidency(18, 2));
        BlockResidency.Within(10, 20, 2, 40).ShouldBe(new BlockResidency(0, 2));
    }

    private sealed class Recording(int slots) : IBlockTransport
    {
        public int[] Holds { get; } = new int[slots];

        public int[] Age { get; } = new int[slots];

        public int InUse { get; set; } = -1;

        public int Begun { get; private set; }

        public void Begin(int slot, int block)
        {
            slot.ShouldNotBe(InUse);
            Holds[slot] = block;
            Age[slot] = 0;
            Begun++;
        }

        public void Await(int slot) { }

        public void Used(int slot) { }

        public void Dispose() { }
    }
}
