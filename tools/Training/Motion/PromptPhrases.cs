namespace Locutor.Training.Motion;

/// <summary>The moods that a prompt can ask for, and the phrases that ask for them.</summary>
public static class PromptPhrases
{
    private static readonly string[] Subjects =
    [
        "a person", "a woman", "a man", "someone", "the person", "a portrait of a person", "he", "she", "a cartoon portrait",
        "a friendly face", ""
    ];
    private static readonly string[] Verbs =
    [
        "is talking", "talks", "speaks", "is speaking", "is telling a story", "says something", "talking to the camera", "speaking",
        "is singing"
    ];
    private static readonly string[] Ends =
    [
        "", ".", " to the viewer", " in a room", ", close up", ", looking at the camera", " calmly in front of a plain background"
    ];

    private static readonly string[][] Manners =
    [
        ["", "", "", "neutral", "with a neutral expression", "calm", "serious", "neutrally"],
        ["happy", "happily", "smiling", "with a smile", "cheerful", "looking happy", "with a happy expression", "joyful", "laughing"],
        ["sad", "sadly", "unhappy", "looking sad", "with a sad expression", "sorrowful", "crying", "depressed"],
        ["surprised", "astonished", "amazed", "looking surprised", "with a surprised expression", "shocked", "in surprise"],
    ];

    /// <summary>The names of the moods, as in <see cref="Faces.Expression.Named"/>.</summary>
    public static IReadOnlyList<string> Moods { get; } = ["neutral", "happy", "sad", "surprised"];

    /// <summary>Returns a random prompt that asks for a mood.</summary>
    public static string Next(int mood, Random random)
    {
        string manner = Pick(Manners[mood], random), subject = Pick(Subjects, random), verb = Pick(Verbs, random), end = Pick(Ends, random);
        string text = random.Next(4) switch
        {
            0 when manner.Length > 0 => $"{manner} {subject} {verb}{end}",
            1 when manner.Length > 0 => manner,
            2 => $"{subject} {verb}, {manner}{end}",
            _ => $"{subject} {verb} {manner}{end}",
        };
        return string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Replace(" ,", ",", StringComparison.Ordinal)
            .Trim(',', ' ');
    }

    /// <summary>Returns distinct prompts for every mood. The default prompt is the first one.</summary>
    public static IReadOnlyList<(string Text, int Mood)> All(int perMood, int seed)
    {
        var random = new Random(seed);
        var all = new List<(string, int)> { ("a person is talking", 0) };
        for (int mood = 0; mood < Moods.Count; mood++)
        {
            var texts = new HashSet<string>(StringComparer.Ordinal)
            {
                "a person is talking", Moods[mood], $"a {Moods[mood]} person is talking"
            };
            for (int tries = 0; texts.Count < perMood + 1 && tries < 100 * perMood; tries++)
                if (Next(mood, random) is { Length: > 0 } text) texts.Add(text);
            all.AddRange(texts.Skip(1).Select(text => (text, mood)));
        }
        return all;
    }

    private static string Pick(string[] from, Random random) => from[random.Next(from.Length)];
}
