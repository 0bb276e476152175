namespace Locutor.Shared.Tests;

public sealed class TestSeedTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("12345", 12345)]
    [InlineData("1073741823", TestSeed.End - 1)]
    public void A_setting_is_the_seed_with_or_without_long(string setting, int seed)
    {
        TestSeed.Parse(setting, fresh: false).ShouldBe(seed);
        TestSeed.Parse(setting, fresh: true).ShouldBe(seed);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("seed")]
    [InlineData("1073741824")]
    [InlineData("99999999999999999999")]
    public void Other_settings_are_refused_with_the_range(string setting) =>
        Should.Throw<FormatException>(
            () => TestSeed.Parse(setting, fresh: false)).Message.ShouldContain("expected an integer from 0 to 1073741823");

    [Fact]
    public void Without_a_setting_the_seed_is_fixed_and_with_long_it_is_fresh()
    {
        TestSeed.Parse(null, fresh: false).ShouldBe(TestSeed.Parse("", fresh: false));
        Enumerable.Range(0, 20).Select(_ => TestSeed.Parse(null, fresh: true)).Distinct().Count().ShouldBeGreaterThan(15);
    }

    [Fact]
    public void Equal_seeds_give_equal_numbers_and_streams_differ()
    {
        int[] Draw(int stream)
        {
            var random = TestSeed.NewRandom(stream);
            return [.. Enumerable.Range(0, 8).Select(_ => random.Next())];
        }

        Draw(0).ShouldBe(Draw(0));
        Draw(1).ShouldNotBe(Draw(0));
    }

    [Fact]
    public void Every_test_has_the_seed_in_its_output() => output.Output.ShouldContain($"LOCUTOR_SEED={TestSeed.Value}");
}
