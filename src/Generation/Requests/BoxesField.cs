using System.Text.Json;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>A box for each of two people, in pixels of the picture.</summary>
public sealed class BoxesField(string name, string help) : RequestField(name, help)
{
    /// <summary>Number of boxes, one for each voice.</summary>
    public const int Count = 2;
    private const double Farthest = 100_000;

    public override string Expected(Bundle? bundle) =>
        "two boxes [left, top, right, bottom] in pixels of the picture, each with left < right and top < bottom";

    public override FieldLimits Limits(Bundle? bundle) => new("array")
    {
        Items = new FieldLimits("array") { Items = new FieldLimits("number"), MinItems = 4, MaxItems = 4 },
        MinItems = Count,
        MaxItems = Count,
    };

    /// <summary>Joins boxes of the form left,top,right,bottom to one text.</summary>
    public override string Join(IReadOnlyList<string> texts) =>
        texts is [var one]
            && (one.TrimStart().StartsWith("[[", StringComparison.Ordinal) || !one.Contains(',', StringComparison.Ordinal))
            ? one
            : $"[{string.Join(", ", texts.Select(box => box.TrimStart().StartsWith('[') ? box : $"[{box}]"))}]";

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        fault = null;
        if (value.ValueKind is not JsonValueKind.Array || value.EnumerateArray().Any(box => !IsBox(box))) fault = Unfit(value, bundle);
        else if (value.GetArrayLength() == 0) return null;
        else if (value.GetArrayLength() != Count) fault = $"expected two boxes, one for each voice, found {value.GetArrayLength()}";
        if (fault is not null) return null;
        SpeakerBox[] boxes = [.. value.EnumerateArray().Select(Box)];
        if (boxes.Any(box => box.Right <= box.Left || box.Bottom <= box.Top)) fault = Unfit(value, bundle);
        else if (boxes[0] == boxes[1]) fault = $"expected two different boxes, found {boxes[0]} twice";
        return fault is null ? boxes : null;
    }

    private static bool IsBox(JsonElement box) => box.ValueKind is JsonValueKind.Array && box.GetArrayLength() == 4
        && box.EnumerateArray().All(
            side => side.ValueKind is JsonValueKind.Number && side.TryGetDouble(out double pixels) && pixels is >= 0 and <= Farthest);

    private static SpeakerBox Box(JsonElement box)
    {
        int[] sides = [.. box.EnumerateArray().Select(side => (int)Math.Round(side.GetDouble()))];
        return new SpeakerBox(sides[0], sides[1], sides[2], sides[3]);
    }
}
