namespace Locutor.Training.Faces;

/// <summary>
/// The pose of a face in one frame. The zero value is a person at rest with closed lips and open eyes who looks at the viewer. Every value
/// may exceed its range a little. The picture changes continuously with every value.
/// </summary>
public readonly record struct FacePose
{
    /// <summary>The number of values that <see cref="Write"/> and <see cref="Read"/> copy.</summary>
    public const int ValueCount = 22;

    private readonly float zoom;

    /// <summary>The opening of the jaw, from 0 (closed) to 1 (a shout). Speech rarely exceeds 0.6.</summary>
    public float JawOpen { get; init; }

    /// <summary>The width of the mouth, from -1 (narrow) to 1 (spread, as in "ee").</summary>
    public float LipWidth { get; init; }

    /// <summary>The rounding of the lips, from 0 to 1 (puckered, as in "oo"). With a closed jaw it leaves a small round opening.</summary>
    public float LipRound { get; init; }

    /// <summary>
    /// How strongly the lips are held together, 0 to 1, as in m, b and p. It closes the mouth for any position of the jaw.
    /// </summary>
    public float LipPress { get; init; }

    /// <summary>
    /// How much of the upper teeth is visible, 0 to 1. With a nearly closed jaw they rest on the lower lip, as in f and v.
    /// </summary>
    public float UpperTeeth { get; init; }

    /// <summary>How far the tongue is raised towards the teeth, 0 to 1, as in l, n and th. It is visible only in an open mouth.</summary>
    public float Tongue { get; init; }

    /// <summary>How far both eyes are closed, from 0 (open) to 1 (closed).</summary>
    public float Blink { get; init; }

    /// <summary>The horizontal gaze, from -1 (the viewer's left) to 1 (right).</summary>
    public float GazeX { get; init; }

    /// <summary>The vertical gaze, from -1 (up) to 1 (down).</summary>
    public float GazeY { get; init; }

    /// <summary>
    /// The height of the brows, from -1 (lowered) to 1 (raised). Together with <see cref="BrowFrown"/> it lifts the inner ends, as in
    /// worry.
    /// </summary>
    public float BrowRaise { get; init; }

    /// <summary>How far the brows are drawn together, 0 to 1.</summary>
    public float BrowFrown { get; init; }

    /// <summary>The corners of the mouth, from -1 (down) to 1 (up).</summary>
    public float Smile { get; init; }

    /// <summary>The opening of the eyes, from -1 (narrowed) to 1 (wide open).</summary>
    public float EyeWide { get; init; }

    /// <summary>The yaw of the head in radians, up to about 0.4. A positive value turns the face to the viewer's right.</summary>
    public float HeadYaw { get; init; }

    /// <summary>The pitch of the head in radians, up to about 0.3. A positive value looks down.</summary>
    public float HeadPitch { get; init; }

    /// <summary>The roll of the head in radians, up to about 0.3. A positive value leans to the viewer's right (clockwise).</summary>
    public float HeadRoll { get; init; }

    /// <summary>The shift to the right as a fraction of the picture's shorter side.</summary>
    public float HeadX { get; init; }

    /// <summary>The shift downwards as a fraction of the picture's shorter side.</summary>
    public float HeadY { get; init; }

    /// <summary>The scale of the whole person; 1 at rest.</summary>
    public float Scale { get => 1f + zoom; init => zoom = value - 1f; }

    /// <summary>The breath, from 0 (out) to 1 (in). It lifts the shoulders.</summary>
    public float Breath { get; init; }

    /// <summary>How far a true smile raises lids and cheeks, 0 to 1.</summary>
    public float CheekRaise { get; init; }

    /// <summary>How far the mouth is pulled to one side, -1 to 1.</summary>
    public float MouthShift { get; init; }

    public static FacePose Lerp(in FacePose from, in FacePose to, float amount)
    {
        Span<float> a = stackalloc float[ValueCount], b = stackalloc float[ValueCount];
        from.Write(a);
        to.Write(b);
        for (int i = 0; i < ValueCount; i++) a[i] += (b[i] - a[i]) * amount;
        return Read(a);
    }

    /// <summary>Copies all values in the order of declaration, for pools and files.</summary>
    public void Write(Span<float> values)
    {
        values[0] = JawOpen;
        values[1] = LipWidth;
        values[2] = LipRound;
        values[3] = LipPress;
        values[4] = UpperTeeth;
        values[5] = Tongue;
        values[6] = Blink;
        values[7] = GazeX;
        values[8] = GazeY;
        values[9] = BrowRaise;
        values[10] = BrowFrown;
        values[11] = Smile;
        values[12] = EyeWide;
        values[13] = HeadYaw;
        values[14] = HeadPitch;
        values[15] = HeadRoll;
        values[16] = HeadX;
        values[17] = HeadY;
        values[18] = Scale;
        values[19] = Breath;
        values[20] = CheekRaise;
        values[21] = MouthShift;
    }

    public static FacePose Read(ReadOnlySpan<float> values) => new()
    {
        JawOpen = values[0],
        LipWidth = values[1],
        LipRound = values[2],
        LipPress = values[3],
        UpperTeeth = values[4],
        Tongue = values[5],
        Blink = values[6],
        GazeX = values[7],
        GazeY = values[8],
        BrowRaise = values[9],
        BrowFrown = values[10],
        Smile = values[11],
        EyeWide = values[12],
        HeadYaw = values[13],
        HeadPitch = values[14],
        HeadRoll = values[15],
        HeadX = values[16],
        HeadY = values[17],
        Scale = values[18],
        Breath = values[19],
        CheekRaise = values[20],
        MouthShift = values[21],
    };
}
