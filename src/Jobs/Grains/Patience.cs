namespace Locutor.Jobs.Grains;

/// <summary>
/// Time limits of calls between grains. Every call may be repeated, so a short limit costs little. It bounds the delay that a lost node, or
/// two grains that wait for each other, can cause.
/// </summary>
internal static class Patience
{
    /// <summary>
    /// The limit of a call from one grain to another that may itself wait for the caller, for example while both move to another node.
    /// </summary>
    public const string BetweenGrains = "00:00:04";

    /// <summary>The limit of calls that are answered only when an event occurs.</summary>
    public const string Waits = "00:00:30";

    /// <summary>The limit of all other calls.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);
}
