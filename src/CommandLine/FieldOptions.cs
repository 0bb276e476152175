using Locutor.Generation.Requests;

namespace Locutor.CommandLine;

/// <summary>Names the options of the fields of a request.</summary>
public static class FieldOptions
{
    /// <summary>Returns the name of the option for a field, with its dashes.</summary>
    public static string NameOf(string field) =>
        VideoFields.All.FirstOrDefault(known => known.Name == field)?.Option
            ?? (field.StartsWith('-') ? field : "--" + field.Replace('_', '-'));
}
