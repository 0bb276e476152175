using System.CommandLine;
using Locutor.Cli.Commands;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;

namespace Locutor.Cli.Tests;

/// <summary><c>locutor tokens list</c>: a table with a heading, which changes nothing.</summary>
public sealed class TokensCommandTests : IDisposable
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"locutor-tokens-{Guid.NewGuid():N}");

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_folder_without_tokens_is_named_and_not_created()
    {
        var (output, error) = List();
        output.ShouldBeEmpty();
        error.ShouldContain($"There is no token in {folder} yet");
        Directory.Exists(folder).ShouldBeFalse();
    }

    [Fact]
    public void The_columns_of_all_tokens_are_under_their_headings()
    {
        var tokens = JobsHosting.OpenTokens(new ClusterOptions { DataFolder = folder });
        string key = tokens.Create("mine", TokenScopes.All, TimeSpan.FromDays(1), new TokenQuota()).Token.KeyId;
        tokens.Known("oidc-0123456789abcdef0123456789abcdef0123456789", "theirs").ShouldNotBeNull();
        string[] lines = List().Output.TrimEnd().Split('\n');
        lines.Length.ShouldBe(3);
        string row = lines.Single(line => line.StartsWith(key, StringComparison.Ordinal));
        row[lines[0].IndexOf("NAME", StringComparison.Ordinal)..].ShouldBe("mine");
        row[lines[0].IndexOf("STATE", StringComparison.Ordinal)..].ShouldStartWith("active ");
    }

    private (string Output, string Error) List()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(["tokens", "list", "--data", folder])
            .Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (output.ToString(), error.ToString());
    }
}
