namespace Locutor.Jobs.Grains;

/// <summary>
/// How long calls wait for their answer. Every call may be repeated, so a short patience costs little, and it bounds what a lost node or two
/// grains that wait for each other can hold up.
/// </summary>
internal static class Patience
{
    /// <summary>Calls that one grain makes while another may be waiting for it, such as two that move to another node at the same time.</summary>
    public const string BetweenGrains = "00:00:04";

    /// <summary>Calls that are answered only when something happens.</summary>
    public const string Waits = "00:00:30";

    /// <summary>All others.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);
}
