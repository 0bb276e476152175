namespace Locutor.Media.Tests;

/// <summary>Fresh random inputs whose seed is printed, so that a failure can be repeated.</summary>
internal static class Dice
{
    public static Random Roll()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("LOCUTOR_SEED"), out int given) ? given : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"LOCUTOR_SEED={seed}");
        return new Random(seed);
    }

    public static byte[] Bytes(this Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
