using System.CommandLine;

namespace Locutor.Cli.Commands;

/// <summary>The options of <c>locutor serve</c>.</summary>
internal static class ServeOptions
{
    /// <summary>Options that set one setting, by the name of the setting.</summary>
    public static IReadOnlyDictionary<string, Option<string?>> Named { get; } = new Dictionary<string, Option<string?>>
    {
        ["urls"] = new("--urls")
        {
            Description = "Addresses to listen on, separated by semicolons [default: http://127.0.0.1:8080].",
            HelpName = "URLS",
        },
        ["data"] = new("--data") { Description = "Folder of the database, inputs and results.", HelpName = "FOLDER" },
        ["workers"] = new("--workers")
        {
            Description =
                "Devices that run a worker, such as cuda:0,cuda:1 or cpu; auto uses every GPU, none starts no worker [default: auto].",
            HelpName = "DEVICES",
        },
        ["gpus"] = new("--gpus")
        {
            Description = "GPUs that one worker uses together for each video, such as 0,1, in place of --workers.",
            HelpName = "0,1,..",
        },
        ["model"] = new("--model") { Description = "Model for jobs that name none; 'locutor models list' shows all.", HelpName = "NAME" },
        ["store"] = new("--store") { Description = "Folder of the model files.", HelpName = "FOLDER" },
        ["vram_budget"] = new("--vram-budget")
        {
            Description = "GPU memory to use on each GPU, in GiB; weights that do not fit stay in the machine's memory [default: all].",
            HelpName = "GIB",
        },
        ["precision"] = new("--precision")
        {
            Description = "Precision of the networks: auto, float32, bfloat16, float8 or int8; auto selects what the device computes best.",
            HelpName = "NAME",
        },
    };

    public static Option<bool> NoAuth { get; } = new("--no-auth")
    {
        Description = "Serve without tokens; the service must then listen on loopback addresses only.",
    };

    public static Option<bool> AllowPrivateAddresses { get; } = new("--allow-private-addresses")
    {
        Description = "Also fetch inputs from private and loopback addresses.",
    };

    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "Sets any setting; may be repeated. --settings and docs/service.md list them.",
        HelpName = "NAME=VALUE",
        AllowMultipleArgumentsPerToken = false,
    };

    public static Option<string?> Config { get; } = new("--config")
    {
        Description = "Settings file in JSON [default: locutor.json in the data folder, if it exists].",
        HelpName = "FILE",
    };

    public static Option<bool> Show { get; } = new("--settings")
    {
        Description = "Print all settings with their values and their help, and exit.",
    };

    public static Option<bool> Check { get; } = new("--check")
    {
        Description = "Check the machine (like 'locutor doctor'), the settings, and all that the service needs, then exit.",
    };

    public static Option<bool> Json { get; } = new("--json") { Description = "With --check: print one JSON object per line." };

    public static IEnumerable<Option> All => [.. Named.Values, NoAuth, AllowPrivateAddresses, Set, Config, Show, Check, Json];

    /// <summary>Returns the settings that the command line gives, in their order.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(ParseResult parsed)
    {
        var settings = Named.Where(pair => parsed.GetValue(pair.Value) is not null)
            .Select(pair => KeyValuePair.Create(pair.Key, parsed.GetValue(pair.Value)!)).ToList();
        settings.AddRange((parsed.GetValue(Set) ?? []).Select(Split));
        if (parsed.GetValue(NoAuth)) settings.Add(new("no_auth", "true"));
        if (parsed.GetValue(AllowPrivateAddresses)) settings.Add(new("allow_private_addresses", "true"));
        return settings;
    }

    private static KeyValuePair<string, string> Split(string text) => text.Split('=', 2) is [var name, var value]
        ? new(name, value)
        : throw new CommandException(ExitCodes.Usage, $"--set: expected NAME=VALUE, found '{text}'");
}
