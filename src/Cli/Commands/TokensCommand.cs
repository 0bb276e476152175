using System.CommandLine;
using System.Globalization;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor tokens</c>: it manages the tokens that give access to the service.</summary>
internal static class TokensCommand
{
    private static readonly Option<string> Name = new("--name")
    {
        Description = "Purpose of the token, for the list.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
    };
    private static readonly Option<string> ScopeNames = new("--scopes")
    {
        Description = "Rights of the token, separated by commas: submit, read, operate; or all.",
        HelpName = "NAMES",
        DefaultValueFactory = _ => "submit,read",
    };
    private static readonly Option<double?> Days = new("--expires-days")
    {
        Description = "Days until the token expires. Default: never.",
        HelpName = "DAYS",
    };
    private static readonly Option<int?> Queued = new("--max-queued")
    {
        Description = "Largest number of its waiting jobs.",
        HelpName = "N",
    };
    private static readonly Option<int?> Running = new("--max-running")
    {
        Description = "Largest number of its running jobs; 0 means no limit.",
        HelpName = "N",
    };
    private static readonly Option<double?> VideoSeconds = new("--month-video-seconds")
    {
        Description = "Seconds of finished video it may have in a month.",
        HelpName = "S",
    };
    private static readonly Option<double?> GpuSeconds = new("--month-gpu-seconds")
    {
        Description = "Seconds of GPU time it may use in a month.",
        HelpName = "S",
    };

    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The service's data folder.", HelpName = "FOLDER", Recursive = true };
        var command = new Command("tokens", "Create, list and revoke the tokens that give access to a service.") { data };
        command.Subcommands.Add(CreateOne(data));
        command.Subcommands.Add(List(data));
        command.Subcommands.Add(Revoke(data));
        return command.WithHelp();
    }

    private static Command CreateOne(Option<string?> data)
    {
        var command = new Command("create", "Create a token and print it. Its secret cannot be shown again.")
        {
            Name, ScopeNames, Days, Queued, Running, VideoSeconds, GpuSeconds,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(Days) is <= 0 or > 36_500)
            {
                throw new CommandException(
                    ExitCodes.Usage, $"--expires-days: expected above 0 and at most 36500, found {parsed.GetValue(Days)}");
            }

            if (parsed.GetValue(Queued) is < 1)
                throw new CommandException(ExitCodes.Usage, $"--max-queued: expected at least 1, found {parsed.GetValue(Queued)}");
            if (parsed.GetValue(Running) is < 0 || parsed.GetValue(VideoSeconds) is < 0 || parsed.GetValue(GpuSeconds) is < 0)
                throw new CommandException(ExitCodes.Usage, "--max-running, --month-...: expected 0 or more");
            var quota = new TokenQuota(
                parsed.GetValue(Queued), parsed.GetValue(Running), parsed.GetValue(VideoSeconds), parsed.GetValue(GpuSeconds));
            TimeSpan? lifetime = parsed.GetValue(Days) is { } count ? TimeSpan.FromDays(count) : null;
            var made = JobsHosting.OpenTokens(Cluster(parsed.GetValue(data))).Create(
                parsed.GetValue(Name)!, Scopes(parsed.GetValue(ScopeNames)!), lifetime, quota);
            Console.WriteLine($"Modal-Key: {made.Token.KeyId}");
            Console.WriteLine($"Modal-Secret: {made.Secret}");
        });
        return command;
    }

    private static Command List(Option<string?> data)
    {
        var command = new Command("list", "List all tokens.");
        command.SetAction(parsed =>
        {
            var now = DateTimeOffset.UtcNow;
            var cluster = Cluster(parsed.GetValue(data));
            var tokens = JobsHosting.Exists(cluster) ? JobsHosting.OpenTokens(cluster).List() : [];
            if (tokens.Count == 0)
            {
                string place = cluster.Postgres is null ? cluster.DataFolder : "the database";
                parsed.InvocationConfiguration.Error.WriteLine($"There is no token in {place} yet: 'locutor tokens create' makes one.");
                return;
            }
            int width = tokens.Max(token => token.KeyId.Length);
            parsed.InvocationConfiguration.Output.WriteLine(Row(width, "KEY", "STATE", "CREATED", "EXPIRES", "SCOPES", "NAME"));
            foreach (var token in tokens)
            {
                string state = token.RevokedAt is not null ? "revoked" : token.ExpiresAt <= now ? "expired" : "active";
                parsed.InvocationConfiguration.Output.WriteLine(Row(
                    width, token.KeyId, state, Day(token.CreatedAt), token.ExpiresAt is { } end ? Day(end) : "never",
                    token.Scopes.ToString().ToLowerInvariant(), token.Name));
            }
        });
        return command;
    }

    private static string Row(int width, string key, string state, string created, string expires, string scopes, string name) =>
        $"{key.PadRight(width)}  {state,-7}  {created,-10}  {expires,-10}  {scopes,-22}  {name}".TrimEnd();

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static Command Revoke(Option<string?> data)
    {
        var key = new Argument<string>("key") { Description = "The key of the token, wk-..." };
        var jobs = new Option<string?>("--jobs")
        {
            Description =
                "Keep or cancel the unfinished jobs of the token. Without this option, a terminal asks; otherwise they are kept."
        };
        jobs.AcceptOnlyFromAmong("keep", "cancel");
        var command = new Command("revoke", "Revoke a token permanently. Webhooks of its jobs are still sent.") { key, jobs };
        command.SetAction(parsed =>
        {
            var cluster = Cluster(parsed.GetValue(data));
            if (!JobsHosting.Exists(cluster))
                throw new CommandException(ExitCodes.BadInput, $"{cluster.DataFolder} has no tokens; --data names the service's folder");
            bool cancel = (parsed.GetValue(jobs) ?? AskAboutJobs()) == "cancel";
            if (!JobsHosting.OpenTokens(cluster).Revoke(parsed.GetValue(key)!, cancel))
                throw new CommandException(ExitCodes.BadInput, $"there is no active token '{parsed.GetValue(key)}'");
            Console.WriteLine(
                $"{parsed.GetValue(key)} is revoked; its unfinished jobs " +
                $"{(cancel ? "are canceled within a minute" : "run to their end")}");
        });
        return command;
    }

    private static string AskAboutJobs()
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
            return "keep";
        while (true)
        {
            Console.Write("Keep or cancel its unfinished jobs? [keep] ");
            if (Console.ReadLine()?.Trim().ToLowerInvariant() is not { } answer || answer is "" or "k" or "keep")
                return "keep";
            if (answer is "c" or "cancel")
                return "cancel";
        }
    }

    private static ClusterOptions Cluster(string? data)
    {
        var settings = ServeCommand.Load(null, data is null ? [] : [new("data", data)]);
        return new ClusterOptions { DataFolder = settings.Data, Postgres = settings.Postgres };
    }

    private static TokenScopes Scopes(string text)
    {
        var scopes = TokenScopes.None;
        foreach (string name in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            scopes |= Enum.TryParse<TokenScopes>(name, ignoreCase: true, out var scope) && !char.IsDigit(name[0])
                ? scope
                : throw new CommandException(ExitCodes.Usage, $"--scopes: expected submit, read, operate or all, found '{name}'");
        }
        return scopes is TokenScopes.None ? throw new CommandException(ExitCodes.Usage, "--scopes: expected at least one") : scopes;
    }
}
