using System.Globalization;

namespace Locutor.Service.FunctionalTests.Endurance;

/// <summary>
/// These tests are small by default. With LOCUTOR_LONG_TESTS=1 they have the size that docs/notes/reliability.md reports and also check
/// times. That takes about ten minutes, and nothing else should run on the machine.
/// </summary>
internal static class Endurance
{
    public static bool Long => TestEnvironment.Long;

    /// <summary>
    /// Time limit for things that must happen at once. Other tests run at the same time, except in long runs.
    /// </summary>
    public static TimeSpan AtOnce => TimeSpan.FromSeconds(Choose(20, 1));

    public static int Choose(int quick, int whole) => Long ? whole : quick;

    public static double Percentile(List<double> values, double part)
    {
        values.Sort();
        return values.Count == 0 ? 0 : values[Math.Min(values.Count - 1, (int)(values.Count * part))];
    }

    /// <summary>Resident memory in MB.</summary>
    public static double MemoryOf(int process) => File.ReadLines($"/proc/{process}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024)
        .Single();

    public static void Say(string text)
    {
        TestContext.Current.SendDiagnosticMessage(text);
        if (Environment.GetEnvironmentVariable("LOCUTOR_REPORT") is { Length: > 0 } file)
            File.AppendAllText(file, text + "\n");
    }
}
