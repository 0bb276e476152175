namespace Locutor.Training.Speech;

/// <summary>
/// The target of the mouth during a phoneme, with a weight (dominance) for each part. A vowel has large weights for jaw and lips; m, b
/// and p for closed lips; k and h have small weights, so they take the shape of their neighbours (Cohen and Massaro, "Modeling
/// coarticulation in synthetic visual speech", 1993).
/// </summary>
/// <param name="Shape">The target shape.</param>
/// <param name="Jaw">The weight of the jaw target, 0 to 1.</param>
/// <param name="Lips">The weight of the width and rounding targets, 0 to 1.</param>
public readonly record struct Viseme(MouthPose Shape, float Jaw, float Lips)
{
    private static readonly Viseme Neutral = Consonant(jaw: 0.2f, weight: 0.3f);

    /// <summary>The viseme of a mouth at rest, between sentences and in silence.</summary>
    public static Viseme Rest { get; } = new(default, 1.2f, 0.5f);

    /// <summary>
    /// Returns the visemes of a phoneme in order, each with its share of the duration. Diphthongs and affricates have two.
    /// </summary>
    /// <param name="ipa">The phoneme in IPA; empty for a pause.</param>
    public static IReadOnlyList<(Viseme Viseme, float Share)> From(string ipa)
    {
        var parts = new List<Viseme>(2);
        foreach (char c in ipa)
            if (Table(c) is { } viseme && parts.Count < 3) parts.Add(viseme);
        return parts.Count switch
        {
            0 => [(ipa.Length == 0 ? Rest : Neutral, 1f)],
            1 => [(parts[0], 1f)],
            2 => [(parts[0], 0.55f), (parts[1], 0.45f)],
            _ => [(parts[0], 0.4f), (parts[1], 0.3f), (parts[2], 0.3f)],
        };
    }

    /// <summary>Whether the lips are closed in this viseme.</summary>
    public static bool Closes(Viseme viseme) => viseme.Shape.LipPress > 0.5f;

    private static Viseme? Table(char c) => c switch
    {
        'a' => Vowel(0.64f, 0.15f, 0),
        'ɑ' => Vowel(0.68f, 0, 0.05f),
        'æ' => Vowel(0.6f, 0.3f, 0),
        'ɐ' or 'ʌ' => Vowel(0.5f, 0.08f, 0),
        'ə' => Vowel(0.3f, 0, 0, 0.6f),
        'ɚ' or 'ɜ' or 'ɝ' => Vowel(0.34f, -0.05f, 0.22f),
        'e' => Vowel(0.38f, 0.45f, 0),
        'ɛ' => Vowel(0.48f, 0.35f, 0),
        'i' => Vowel(0.2f, 0.75f, 0),
        'ɪ' or 'ɨ' => Vowel(0.25f, 0.5f, 0),
        'y' or 'ʉ' => Vowel(0.2f, -0.3f, 0.85f),
        'ʏ' => Vowel(0.25f, -0.2f, 0.75f),
        'ø' or 'ɵ' => Vowel(0.35f, -0.2f, 0.75f),
        'œ' => Vowel(0.45f, -0.1f, 0.62f),
        'u' => Vowel(0.2f, -0.5f, 1f),
        'ʊ' => Vowel(0.26f, -0.3f, 0.8f),
        'o' => Vowel(0.42f, -0.3f, 0.8f),
        'ɔ' => Vowel(0.52f, -0.15f, 0.6f),
        'ɒ' => Vowel(0.6f, -0.05f, 0.4f),
        'ɯ' or 'ɤ' => Vowel(0.25f, 0.2f, 0),
        'm' or 'b' or 'p' => Consonant(jaw: 0.05f, press: 1, weight: 0.9f),
        'f' or 'v' or 'ʋ' or 'ɱ' => Consonant(jaw: 0.1f, teeth: 1, weight: 0.8f),
        'w' or 'ʍ' or 'ɥ' => Consonant(jaw: 0.16f, width: -0.4f, round: 0.95f, weight: 0.7f, lips: 1),
        'θ' or 'ð' => Consonant(jaw: 0.2f, teeth: 0.5f, tongue: 0.9f, weight: 0.6f),
        's' or 'z' or 'ɕ' or 'ʑ' => Consonant(jaw: 0.1f, width: 0.25f, teeth: 0.7f, tongue: 0.3f, weight: 0.7f, lips: 0.4f),
        't' or 'd' or 'n' or 'ʈ' or 'ɖ' or 'ɳ' => Consonant(jaw: 0.15f, width: 0.15f, teeth: 0.4f, tongue: 0.6f, weight: 0.6f, lips: 0.25f),
        'l' or 'ɫ' or 'ʎ' or 'ɭ' => Consonant(jaw: 0.24f, width: 0.1f, teeth: 0.3f, tongue: 0.9f, weight: 0.6f, lips: 0.25f),
        'ʃ' or 'ʒ' or 'ʂ' or 'ʐ' => Consonant(jaw: 0.14f, width: -0.2f, round: 0.6f, teeth: 0.6f, weight: 0.7f, lips: 0.8f),
        'ɹ' or 'ɻ' => Consonant(jaw: 0.2f, width: -0.1f, round: 0.4f, tongue: 0.3f, weight: 0.5f, lips: 0.5f),
        'r' or 'ɾ' or 'ʁ' or 'ʀ' => Consonant(jaw: 0.22f, tongue: 0.4f, weight: 0.4f),
        'j' or 'ç' or 'ɲ' => Consonant(jaw: 0.16f, width: 0.5f, tongue: 0.3f, weight: 0.5f, lips: 0.4f),
        'k' or 'ɡ' or 'g' or 'ŋ' or 'x' or 'ɣ' or 'q' or 'χ' => Consonant(jaw: 0.2f, weight: 0.35f),
        'h' or 'ɦ' or 'ʔ' => Consonant(jaw: 0.28f, weight: 0.15f),
        _ => null,
    };

    private static Viseme Vowel(float jaw, float width, float round, float weight = 1) =>
        new(new MouthPose(jaw, width, round, 0, 0, 0), weight, 1);

    private static Viseme Consonant(
        float jaw, float width = 0, float round = 0, float press = 0, float teeth = 0, float tongue = 0, float weight = 0.5f,
        float lips = 0.15f) =>
        new(new MouthPose(jaw, width, round, press, teeth, tongue), weight, lips);
}
