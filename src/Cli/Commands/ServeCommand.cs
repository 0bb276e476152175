using System.Collections;
using System.CommandLine;
using System.Text.Json;
using Locutor.Files;
using Locutor.Jobs.Tokens;
using Locutor.Service;
using Locutor.Service.Availability;
using Locutor.Service.Operations;
using Locutor.Service.Settings;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor serve</c>: it runs the job service with its web page and workers.</summary>
internal static class ServeCommand
{
    public static Command Create(VideoMaking making)
    {
        var command = new Command("serve", "Run a service: a web page, an HTTP API, a queue, and workers that make the videos.");
        foreach (var option in ServeOptions.All) command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configuration = Configure(parsed.GetValue(ServeOptions.Config), ServeOptions.Read(parsed));
            var settings = Read(configuration);
            if (parsed.GetValue(ServeOptions.Show)) return Show(settings);
            return parsed.GetValue(ServeOptions.Check)
                ? await CheckAsync(settings, making, parsed.GetValue(ServeOptions.Json), cancellationToken)
                : await ServeAsync(configuration, settings, making, cancellationToken);
        });
        return command;
    }

    /// <summary>Loads the settings from the file, the environment and the options.</summary>
    internal static ServeSettings Load(string? file, IReadOnlyList<KeyValuePair<string, string>> options) =>
        Read(Configure(file, options));

    private static IConfiguration Configure(string? file, IReadOnlyList<KeyValuePair<string, string>> options)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""));
        return Checked(() => SettingsConfiguration.Load(file, environment, options));
    }

    private static ServeSettings Read(IConfiguration configuration) => Checked(() => SettingsTable.Read(configuration));

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SettingsException exception)
        {
            throw new CommandException(ExitCodes.Usage, exception.Message, exception);
        }
    }

    private static IEnumerable<string> Variables() => Environment.GetEnvironmentVariables().Keys.Cast<string>();

    private static async Task<int> ServeAsync(
        IConfiguration configuration, ServeSettings settings, VideoMaking making, CancellationToken cancellationToken)
    {
        foreach (var slip in EnvironmentNames.Unread(Variables()).Where(variable => variable.Meant is not null))
            Say(settings, slip.Text);
        try
        {
            await using var app = LocutorServer.Build(configuration, making.Catalog(settings));
            await app.StartAsync(cancellationToken);
            if (!app.Services.GetRequiredService<Drain>().HasBegun)
            {
                Say(settings, $"Locutor is ready at {string.Join(" and ", app.Urls)}");
                if (!settings.NoAuth) Welcome(settings, app.Services.GetRequiredService<TokenStore>(), app.Urls.First());
            }

            await app.WaitForShutdownAsync(cancellationToken);
            return ExitCodes.Success;
        }
        catch (SettingsException exception)
        {
            throw new CommandException(ExitCodes.Usage, exception.Message, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string reason = Directory.Exists(settings.Data)
                ? $"the service cannot start: {exception.Message}"
                : $"the data folder {settings.Data} cannot be created ({FileFault.Describe(exception)}); name another one with --data";
            throw new CommandException(ExitCodes.BadOutput, reason, exception);
        }
    }

    /// <summary>On the first start at a terminal, creates a token and prints a link that signs in with it.</summary>
    private static void Welcome(ServeSettings settings, TokenStore tokens, string url)
    {
        if (tokens.List().Any(token => token.RevokedAt is null))
            return;
        if (Console.IsOutputRedirected)
        {
            Say(settings, "There is no token yet: create one with 'locutor tokens create'.");
            return;
        }
        var first = tokens.Create("first", TokenScopes.All, null, TokenQuota.Default);
        string page = url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal);
        Console.WriteLine($"""
            This is the first start, so here is a token; it is shown this once. Programs send it as the header
            Authorization: Bearer {first.Token.KeyId}.{first.Secret}
            Open {page}/#{first.Token.KeyId}.{first.Secret} to go to the page signed in.
            """);
    }

    /// <summary>Prints a line in the format of the log.</summary>
    private static void Say(ServeSettings settings, string text) => Console.WriteLine(
        settings.LogJson
            ? JsonSerializer.Serialize(new { Timestamp = DateTime.UtcNow, LogLevel = "Information", Category = "Locutor", Message = text })
            : text);

    private static int Show(ServeSettings settings)
    {
        Console.WriteLine("| setting | value | |\n|---|---|---|");
        foreach (var setting in SettingsTable.All)
        {
            Console.WriteLine(
                $"| `{setting.Name}` | {(setting.Show(settings) is { Length: > 0 } value ? $"`{value}`" : "")} | {setting.Help} |");
        }

        return ExitCodes.Success;
    }

    private static Task<int> CheckAsync(ServeSettings settings, VideoMaking making, bool json, CancellationToken cancellationToken)
    {
        var service = ServeCheck.Create(settings, Variables());
        return DoctorCommand.RunAsync([.. making.Checks(settings), .. service], json, cancellationToken);
    }
}
