namespace Locutor.Tests;

/// <summary>Environment variables that all test programs obey.</summary>
public static class TestEnvironment
{
    /// <summary>True with <c>./test --long</c>: long tests run at full size, and the seed changes with every run.</summary>
    public static bool Long { get; } = Environment.GetEnvironmentVariable("LOCUTOR_LONG_TESTS") == "1";

    /// <summary>Folder of the golden tensors: LOCUTOR_GOLDENS, by default <c>tests/Parity/goldens</c> of the checkout.</summary>
    public static string Goldens =>
        Environment.GetEnvironmentVariable("LOCUTOR_GOLDENS") is { Length: > 0 } named
            ? named
            : Path.Combine(Checkout, "tests", "Parity", "goldens");

    /// <summary>Root folder of the checkout that holds the test program.</summary>
    public static string Checkout { get; } = FindCheckout();

    private static string FindCheckout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Locutor.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("no Locutor.slnx above " + AppContext.BaseDirectory);
    }
}
