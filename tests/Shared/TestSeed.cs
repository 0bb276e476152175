using System.Globalization;

namespace Locutor.Tests;

/// <summary>
/// The only source of randomness for tests. The seed is fixed, so that a run can be repeated; LOCUTOR_SEED sets another one, and
/// <c>./test --long</c> draws a new one for each run. Every failure prints it (<see cref="PrintSeed"/>).
/// </summary>
public static class TestSeed
{
    /// <summary>Upper end (exclusive) of seeds: small enough that tests may add an index to it.</summary>
    public const int End = 1 << 30;

    private const int Default = 20_261;

    /// <summary>0 to <see cref="End"/> - 1; constant within a process.</summary>
    public static int Value { get; } = Parse(Environment.GetEnvironmentVariable("LOCUTOR_SEED"), TestEnvironment.Long);

    /// <summary>A generator that starts at the seed. <paramref name="stream"/> numbers independent generators of one test.</summary>
    public static Random NewRandom(int stream = 0) => new(unchecked(Value + stream * 7919));

    /// <summary>Reads a setting of LOCUTOR_SEED; without one the default, or a fresh seed if <paramref name="fresh"/>.</summary>
    public static int Parse(string? setting, bool fresh)
    {
        if (string.IsNullOrEmpty(setting)) return fresh ? Random.Shared.Next(End) : Default;
        return int.TryParse(setting, NumberStyles.None, CultureInfo.InvariantCulture, out int seed) && seed < End
            ? seed
            : throw new FormatException($"LOCUTOR_SEED is \"{setting}\"; expected an integer from 0 to {End - 1}");
    }

    /// <summary>Random bytes.</summary>
    public static byte[] Bytes(this Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
