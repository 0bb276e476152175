namespace Locutor.Training.Evaluation;

/// <summary>The options of an evaluation.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The number of persons. None of them is in the training data.</summary>
    public int People { get; init; } = 8;

    /// <summary>The duration of each short video in seconds.</summary>
    public double Seconds { get; init; } = 5;

    /// <summary>The duration of the long video in seconds; 0 makes none.</summary>
    public double LongSeconds { get; init; } = 60;

    /// <summary>The number of persons for whom every mood is generated.</summary>
    public int MoodPeople { get; init; } = 4;

    /// <summary>The number of persons who are made in two parts; 0 makes none.</summary>
    public int PartPeople { get; init; } = 2;

    /// <summary>Recordings of real speakers at 16 kHz, by name.</summary>
    public IReadOnlyDictionary<string, float[]> Recordings { get; init; } = new Dictionary<string, float[]>();

    /// <summary>The program and its arguments before the command name, to time the whole command; empty does not time it.</summary>
    public IReadOnlyList<string> Program { get; init; } = [];

    /// <summary>The sides in pixels of the portraits, for videos of the portrait's size.</summary>
    public int PortraitSize { get; init; } = 512;

    /// <summary>The folder for <c>evaluation.json</c>, <c>evaluation.md</c> and contact sheets.</summary>
    public required string Output { get; init; }
}
