using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Service.Settings;

/// <summary>Creates the rows of the table: how the text of each kind of setting is read and shown.</summary>
public static partial class SettingsTable
{
    /// <summary>Hides a password: returns only whether it is set.</summary>
    private static string Secret(string? value) => string.IsNullOrEmpty(value) ? "" : "(set)";

    private static string? SpeechAddress(string value)
    {
        try
        {
            return SpeechServerOptions.From(value, null, null, null) is null ? null : value;
        }
        catch (SpeechException wrong)
        {
            throw new SettingsException(wrong.Message);
        }
    }

    private static string? Endpoint(string value) =>
        value.Length == 0
            ? null
            : Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? value
            : throw new SettingsException($"s3_endpoint: expected an http or https address, found '{value}'");

    /// <summary>
    /// Parses an origin (scheme, host and port). A path is refused, since the addresses in responses would not contain it.
    /// </summary>
    private static string? Origin(string value) => Origin("public_url", value);

    private static string[] Origins(string value) =>
    [
        .. value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(text => text == "*" ? text : Origin("cors_origins", text)!)
    ];

    /// <summary>
    /// Parses the address of a provider. Without encryption its keys could be replaced on the network, except on this machine.
    /// </summary>
    private static string? Authority(string value) => value.Length == 0 ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var uri) && (uri.Scheme is "https" || (uri.Scheme is "http" && uri.IsLoopback))
            ? value
            : throw new SettingsException($"oidc_authority: expected an https address, found '{value}'");

    private static string? Origin(string name, string value) => value.Length == 0 ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/"
        && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0
            ? uri.GetLeftPart(UriPartial.Authority)
            : throw new SettingsException($"{name}: expected an http or https address without a path, found '{value}'");

    private static string? Budget(string value)
    {
        try
        {
            return MemoryPlan.Parse(Empty(value)) is null ? null : value;
        }
        catch (RequestException exception)
        {
            throw new SettingsException(exception.Message);
        }
    }

    private static string Folder(string name, string value) => value.Length > 0 && !value.Contains('\0')
        ? Path.GetFullPath(value)
        : throw new SettingsException($"{name}: expected a folder, found '{value}'");

    private static string? Empty(string value) => value.Length == 0 ? null : value;

    private static Setting Text(
        string name, string help, Func<ServeSettings, string> show, Func<ServeSettings, string, ServeSettings> set) =>
        new(name, help, show, set);

    private static Setting Flag(string name, string help, Func<ServeSettings, bool> show, Func<ServeSettings, bool, ServeSettings> set) =>
        new(name, help, s => show(s) ? "true" : "false", (s, v) => set(s, v.ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" => true,
            "FALSE" or "0" or "NO" => false,
            _ => throw new SettingsException($"{name}: expected true or false, found '{v}'"),
        }));

    private static Setting Choice(
        string name, string help, string[] choices, Func<ServeSettings, string> show, Func<ServeSettings, string, ServeSettings> set) =>
        new(
            name, $"{help}: {string.Join(", ", choices)}", show,
            (s, v) => set(
                s,
                choices.FirstOrDefault(choice => choice.Equals(v, StringComparison.OrdinalIgnoreCase))
                    ?? throw new SettingsException($"{name}: expected one of {string.Join(", ", choices)}, found '{v}'")));

    private static Setting Whole(
        string name, string help, int least, int most, Func<ServeSettings, int> show, Func<ServeSettings, int, ServeSettings> set) =>
        new(name, help, s => show(s).ToString(CultureInfo.InvariantCulture), (s, v) =>
            int.TryParse(v, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
                ? set(s, number)
                : throw new SettingsException($"{name}: expected a whole number from {least} to {most}, found '{v}'"));

    private static Setting Number(
        string name, string help, double least, double most, Func<ServeSettings, double> show,
        Func<ServeSettings, double, ServeSettings> set) =>
        new(name, help, s => show(s).ToString(CultureInfo.InvariantCulture), (s, v) =>
            double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
                ? set(s, number)
                : throw new SettingsException(
                    $"{name}: expected a number from {least.ToString("0.#########", CultureInfo.InvariantCulture)} to " +
                    $"{most.ToString(CultureInfo.InvariantCulture)}, found '{v}'"));

    private static IPAddress Address(string name, string value)
    {
        if (IPAddress.TryParse(value, out var address))
            return address;
        try
        {
            var found = Dns.GetHostAddresses(value);
            return found.FirstOrDefault(one => one.AddressFamily is AddressFamily.InterNetwork) ?? found[0];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new SettingsException(
                $"{name}: expected an IP address or a host name that resolves, found '{value}' ({exception.Message})");
        }
    }

    private static IPNetwork[] Networks(string name, string value) => value
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(text => IPNetwork.TryParse(text, out var network)
            ? network
            : throw new SettingsException($"{name}: expected networks as 10.1.0.0/16, found '{text}'"))
        .ToArray();
}
