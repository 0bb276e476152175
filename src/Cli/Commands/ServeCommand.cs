using System.Collections;
using System.CommandLine;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Service;
using Locutor.Service.Operations;
using Locutor.Service.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor serve</c>: it runs the job service with its web page and workers.</summary>
internal static class ServeCommand
{
    public static Command Create(VideoMaking making)
    {
        var command = new Command("serve", "Serve jobs over HTTP, with a page to try it on.");
        var named = new Dictionary<string, Option<string?>>
        {
            ["urls"] = new("--urls") { Description = "Addresses to listen on, separated by semicolons (http://127.0.0.1:8080)." },
            ["data"] = new("--data") { Description = "Folder of the database, inputs and results." },
            ["workers"] = new("--workers") { Description = "Devices to run workers on, as cuda:0,cuda:1 or cpu; auto or none." },
            ["model"] = new("--model") { Description = "Model of jobs that name none." },
            ["store"] = new("--store") { Description = "Folder of model files.", HelpName = "FOLDER" },
            ["vram_budget"] = new("--vram-budget")
            {
                Description = "Memory of each GPU to make do with, in GiB: what does not fit comes in turn from the machine's memory.",
                HelpName = "GIB",
            },
            ["precision"] = new("--precision")
            {
                Description =
                    "How finely videos are computed: float32, bfloat16, float8 or int8; auto, without it, takes what the device is best " +
                    "at.",
                HelpName = "NAME",
            },
        };
        var noAuth = new Option<bool>("--no-auth") { Description = "Ask for no token; on loopback addresses only." };
        var allowPrivate = new Option<bool>("--allow-private-addresses")
        {
            Description = "Fetch inputs from private and loopback addresses too."
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Any setting, as name=value. See docs/service.md.",
            AllowMultipleArgumentsPerToken = false,
        };
        var config = new Option<string?>("--config") { Description = "Settings file (locutor.json in the data folder)." };
        var show = new Option<bool>("--settings") { Description = "Print every setting with its value as a table, and end." };
        var check = new Option<bool>("--check")
        {
            Description = "Check this machine as 'locutor doctor' does, the settings and what the service needs, and end."
        };
        var json = new Option<bool>("--json") { Description = "With --check: one JSON object a line." };
        foreach (var option in named.Values)
            command.Options.Add(option);
        foreach (var option in new Option[] { noAuth, allowPrivate, set, config, show, check, json })
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = named.Where(pair => parsed.GetValue(pair.Value) is not null)
                .Select(pair => KeyValuePair.Create(pair.Key, parsed.GetValue(pair.Value)!)).ToList();
            options.AddRange((parsed.GetValue(set) ?? []).Select(Split));
            if (parsed.GetValue(noAuth))
                options.Add(new("no_auth", "true"));
            if (parsed.GetValue(allowPrivate))
                options.Add(new("allow_private_addresses", "true"));
            var settings = Load(parsed.GetValue(config), options);
            if (parsed.GetValue(show))
                return Show(settings);
            return parsed.GetValue(check)
                ? await CheckAsync(settings, making, parsed.GetValue(json), cancellationToken)
                : await ServeAsync(settings, making, cancellationToken);
        });
        return command;
    }

    /// <summary>Loads the settings from the file, the environment and the options.</summary>
    internal static ServeSettings Load(string? file, IReadOnlyList<KeyValuePair<string, string>> options)
    {
        try
        {
            var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? ""));
            return SettingsLoader.Load(file, environment, options);
        }
        catch (SettingsException exception)
        {
            throw new CommandException(ExitCodes.Usage, exception.Message, exception);
        }
    }

    private static IEnumerable<string> Variables() => Environment.GetEnvironmentVariables().Keys.Cast<string>();

    private static async Task<int> ServeAsync(ServeSettings settings, VideoMaking making, CancellationToken cancellationToken)
    {
        foreach (var slip in EnvironmentNames.Unread(Variables()).Where(variable => variable.Meant is not null))
            Say(settings, slip.Text);
        try
        {
            await using var app = LocutorServer.Build(settings, making.Catalog(settings));
            await app.StartAsync(cancellationToken);
            Say(settings, $"Locutor is ready at {string.Join(" and ", app.Urls)}");
            if (!settings.NoAuth)
                Welcome(settings, app.Services.GetRequiredService<TokenStore>(), app.Urls.First());
            await app.WaitForShutdownAsync(cancellationToken);
            return ExitCodes.Success;
        }
        catch (SettingsException exception)
        {
            throw new CommandException(ExitCodes.Usage, exception.Message, exception);
        }
        catch (IOException exception)
        {
            throw new CommandException(ExitCodes.BadOutput, $"the service cannot start: {exception.Message}", exception);
        }
    }

    /// <summary>On the first start at a terminal, creates a token and prints a link that signs in with it.</summary>
    private static void Welcome(ServeSettings settings, TokenStore tokens, string url)
    {
        if (tokens.List().Any(token => token.RevokedAt is null))
            return;
        if (Console.IsOutputRedirected)
        {
            Say(settings, "There is no token yet: make one with 'locutor tokens create'.");
            return;
        }
        var first = tokens.Create("first", TokenScopes.All, null, null);
        string page = url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal);
        Console.WriteLine($"""
            This is the first start, so here is a token; its secret is shown this once.
            Modal-Key: {first.Token.KeyId}
            Modal-Secret: {first.Secret}
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
            Console.WriteLine(
                $"| `{setting.Name}` | {(setting.Show(settings) is { Length: > 0 } value ? $"`{value}`" : "")} | {setting.Help} |");
        return ExitCodes.Success;
    }

    private static Task<int> CheckAsync(ServeSettings settings, VideoMaking making, bool json, CancellationToken cancellationToken)
    {
        var service = ServeCheck.Create(settings, Variables());
        return DoctorCommand.RunAsync([.. making.Checks(settings), .. service], json, cancellationToken);
    }

    private static KeyValuePair<string, string> Split(string text) => text.Split('=', 2) is [var name, var value]
        ? new(name, value)
        : throw new CommandException(ExitCodes.Usage, $"--set: expected name=value, found '{text}'");
}
