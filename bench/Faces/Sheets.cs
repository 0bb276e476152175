using Locutor.Training.Faces;

/// <summary>Contact sheets of painted faces, for checks by eye after a change of the painters.</summary>
internal static class Sheets
{
    public static byte[] Draw(string kind, int size, int seed) => kind switch
    {
        "people" => Grid(8, 5, size, i => (Person.Draw(seed + i), default, $"seed {seed + i}")),
        "few" => Grid(4, 2, size, i => (Person.Draw(seed + i), default, $"seed {seed + i}")),
        "mouth" => Rows(size, seed, Mouths),
        "face" => Rows(size, seed, Faces),
        "turn" => Rows(size, seed, Turns),
        _ => throw new ArgumentException($"unknown sheet {kind}"),
    };

    private static readonly (string, FacePose)[] Mouths =
    [
        ("rest", default), ("m b p", new FacePose { LipPress = 1f }),
        ("a", new FacePose { JawOpen = 0.6f, UpperTeeth = 0.35f, Tongue = 0.1f }),
        ("o", new FacePose { JawOpen = 0.4f, LipRound = 0.7f }), ("u", new FacePose { JawOpen = 0.1f, LipRound = 1f }),
        ("i", new FacePose { JawOpen = 0.16f, LipWidth = 0.9f, UpperTeeth = 0.6f }),
        ("e", new FacePose { JawOpen = 0.32f, LipWidth = 0.5f, UpperTeeth = 0.5f }),
        ("f v", new FacePose { JawOpen = 0.03f, UpperTeeth = 1f }),
        ("l th", new FacePose { JawOpen = 0.3f, Tongue = 0.9f, UpperTeeth = 0.5f }),
        ("shout", new FacePose { JawOpen = 1f, UpperTeeth = 0.5f }),
    ];

    private static readonly (string, FacePose)[] Faces =
    [
        .. Expression.Names.Select(name => (name, Expression.Named(name))), ("blink 0.5", new FacePose { Blink = 0.5f }),
        ("blink", new FacePose { Blink = 1f }),
        ("gaze", new FacePose { GazeX = 0.8f, GazeY = -0.3f }),
    ];

    private static readonly (string, FacePose)[] Turns =
    [
        ("yaw -0.4", new FacePose { HeadYaw = -0.4f }), ("yaw -0.2", new FacePose { HeadYaw = -0.2f }),
        ("yaw 0.2", new FacePose { HeadYaw = 0.2f }),
        ("yaw 0.4", new FacePose { HeadYaw = 0.4f }), ("up", new FacePose { HeadPitch = -0.25f }),
        ("down", new FacePose { HeadPitch = 0.25f }),
        ("roll", new FacePose { HeadRoll = 0.2f }), ("near", new FacePose { Scale = 1.12f, HeadX = 0.04f }),
        ("breath", new FacePose { Breath = 1f }),
        ("mixed", new FacePose { HeadYaw = 0.25f, HeadPitch = 0.12f, HeadRoll = -0.1f, JawOpen = 0.5f, Smile = 0.6f, UpperTeeth = 0.5f }),
    ];

    private static byte[] Rows(int size, int seed, (string Name, FacePose Pose)[] poses) =>
        Grid(
            poses.Length, 4, size, i => (Person.Draw(seed + i / poses.Length), poses[i % poses.Length].Pose, poses[i % poses.Length].Name));

    private static byte[] Grid(int columns, int rows, int size, Func<int, (Person, FacePose, string)> cell)
    {
        using var sheet = new ContactSheet(columns, rows, size, size);
        using var renderer = new FaceRenderer(size, size);
        byte[] rgb = new byte[renderer.FrameBytes];
        for (int i = 0; i < columns * rows; i++)
        {
            (var person, var pose, string caption) = cell(i);
            renderer.Render(person, pose, rgb);
            sheet.Place(i, rgb, caption);
        }
        return sheet.Encode();
    }
}
