namespace Locutor.Training.Faces;

/// <summary>Named expressions, as poses to which speech, blinks and head movement can be added.</summary>
public static class Expression
{
    /// <summary>The names of all expressions.</summary>
    public static IReadOnlyList<string> Names { get; } = ["neutral", "happy", "sad", "surprised", "angry", "worried", "amused"];

    /// <param name="strength">The strength, from 0 (neutral) to 1 (full).</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static FacePose Named(string name, float strength = 1f) => FacePose.Lerp(default, name switch
    {
        "neutral" => default,
        "happy" =>
            new FacePose { Smile = 0.95f, LipWidth = 0.3f, CheekRaise = 0.8f, BrowRaise = 0.25f, UpperTeeth = 0.25f, JawOpen = 0.05f },
        "sad" => new FacePose { Smile = -0.85f, BrowFrown = 0.85f, BrowRaise = 0.6f, EyeWide = -0.35f, GazeY = 0.35f, HeadPitch = 0.06f },
        "surprised" => new FacePose { BrowRaise = 1f, EyeWide = 0.9f, JawOpen = 0.22f, LipRound = 0.35f },
        "angry" => new FacePose { BrowFrown = 1f, BrowRaise = -0.7f, Smile = -0.45f, EyeWide = -0.25f, LipPress = 0.4f },
        "worried" => new FacePose { BrowFrown = 0.9f, BrowRaise = 0.9f, Smile = -0.3f, EyeWide = 0.3f, LipWidth = 0.2f },
        "amused" => new FacePose { Smile = 0.6f, MouthShift = 0.5f, CheekRaise = 0.4f, BrowRaise = 0.4f, EyeWide = -0.15f },
        _ => throw new ArgumentException($"expression '{name}' is unknown; expected one of {string.Join(", ", Names)}", nameof(name)),
    }, strength);
}
