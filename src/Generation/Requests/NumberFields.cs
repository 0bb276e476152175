using System.Globalization;
using System.Text.Json;
using Locutor.Models;

namespace Locutor.Generation.Requests;

/// <summary>An integer within a range.</summary>
/// <param name="name">Name in JSON and forms, in snake_case.</param>
/// <param name="help">One or two sentences for users.</param>
/// <param name="least">Smallest value.</param>
/// <param name="most">Largest value; <see cref="MostOf"/> may lower it.</param>
public sealed class WholeField(string name, string help, long least, long most) : RequestField(name, help)
{
    /// <summary>Step between allowed values, counted from the smallest.</summary>
    public long Step { get; init; } = 1;

    /// <summary>Returns the largest value for a bundle; null if it does not depend on the bundle.</summary>
    public Func<Bundle, long>? MostOf { get; init; }

    public override string Expected(Bundle? bundle)
    {
        string end = MostOf is not null && bundle is null ? "what the model allows" : Most(bundle).ToString(CultureInfo.InvariantCulture);
        return Step == 1
            ? $"a whole number from {least} to {end}"
            : $"one of {least}, {least + Step}, {least + 2 * Step}, ... up to {end}";
    }

    public override FieldLimits Limits(Bundle? bundle) => new("integer")
    {
        Minimum = least,
        Maximum = MostOf is not null && bundle is null ? null : Most(bundle),
        Step = Step == 1 ? null : Step,
    };

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        bool fits = value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out double number)
            && number >= least && number <= Most(bundle) && number == Math.Floor(number) && ((long)number - least) % Step == 0;
        fault = fits ? null : Unfit(value, bundle);
        return fits ? (long)value.GetDouble() : null;
    }

    private long Most(Bundle? bundle) => MostOf is null || bundle is null ? most : Math.Min(most, MostOf(bundle));
}

/// <summary>A number within a range.</summary>
/// <param name="name">Name in JSON and forms, in snake_case.</param>
/// <param name="help">One or two sentences for users.</param>
/// <param name="least">Smallest value.</param>
/// <param name="most">Largest value.</param>
public sealed class NumberField(string name, string help, double least, double most) : RequestField(name, help)
{
    public override string Expected(Bundle? bundle) => string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}");

    public override FieldLimits Limits(Bundle? bundle) => new("number") { Minimum = least, Maximum = most };

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        bool fits = value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least && number <= most;
        fault = fits ? null : Unfit(value, bundle);
        return fits ? value.GetDouble() : null;
    }
}

/// <summary>A Boolean value. On the command line, the option without a value means true.</summary>
public sealed class FlagField(string name, string help) : RequestField(name, help)
{
    public override string Expected(Bundle? bundle) => "true or false";

    public override FieldLimits Limits(Bundle? bundle) => new("boolean");

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        bool fits = value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        fault = fits ? null : Unfit(value, bundle);
        return fits ? value.GetBoolean() : null;
    }
}
