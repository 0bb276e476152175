namespace Locutor.Generation.Guard;

/// <summary>
/// Thrown when a computed video cannot be right: a result is not finite, or all frames have a single colour. No file is written.
/// </summary>
public sealed class WrongResultException : Exception
{
    /// <summary>Stable error code of this failure.</summary>
    public const string Code = "not_finite";

    private const string Advice = "No video was written. 'locutor doctor' checks the arithmetic of this machine";

    private WrongResultException(string message, Exception? cause = null)
        : base(message, cause) { }

    /// <summary>Name of the network with the wrong result; empty if the finished video is wrong.</summary>
    public string Network { get; private init; } = "";

    /// <summary>Point in the generation, for example <c>step 2 of 4 of clip 1</c>.</summary>
    public string When { get; private init; } = "";

    public static WrongResultException NotFinite(string network, string when, string precision) =>
        new($"the {network} gave numbers that are not finite at {when}, in {precision}. {Advice}") { Network = network, When = when };

    /// <summary>Creates the error for a clip that failed again in a higher precision.</summary>
    public static WrongResultException NotFiniteTwice(
        WrongResultException first, WrongResultException second, string precision, string finer) =>
        new(
            $"the {second.Network} gave numbers that are not finite at {second.When}, in {finer} as before in {precision} (the " +
            $"{first.Network} at {first.When}). {Advice}",
            first)
        {
            Network = second.Network,
            When = second.When,
        };

    /// <summary>Creates the error for a clip that cannot be computed again, because the memory is too small.</summary>
    public static WrongResultException NoRoomFor(WrongResultException first, string precision, string finer, Exception cause) =>
        new(
            $"the {first.Network} gave numbers that are not finite at {first.When}, in {precision}, and there is too little memory to " +
            $"compute the clip in {finer}. {Advice}",
            cause)
        {
            Network = first.Network,
            When = first.When,
        };

    public static WrongResultException OneColour() =>
        new($"every frame of the video is of one colour though the picture is not. {Advice}");
}
