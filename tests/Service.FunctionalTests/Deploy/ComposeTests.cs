using System.Globalization;
using System.Text.RegularExpressions;
using Locutor.Cli.Commands;
using Locutor.Service.Settings;
using YamlDotNet.RepresentationModel;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>
/// Checks that everything that the files for Docker Compose and the image name exists. No container is started, so Docker is not needed.
/// </summary>
public sealed class ComposeTests
{
    private static string Folder { get; } = Path.Combine(TestEnvironment.Checkout, "deploy");

    [Fact]
    public void Services_volumes_and_settings_of_the_compose_file_exist()
    {
        var root = Load("compose/compose.yaml");
        var services = Map(root, "services");
        var volumes = Map(root, "volumes").Children.Keys.Select(key => key.ToString()).ToHashSet();
        foreach (var (name, service) in services.Children)
        {
            var map = Flat((YamlMappingNode)service);
            foreach (string needed in Names(map, "depends_on"))
                services.Children.ContainsKey(needed).ShouldBeTrue($"{name} needs {needed}");
            foreach (string volume in Names(map, "volumes").Where(volume => !volume.StartsWith('/')))
                volumes.ShouldContain(volume.Split(':')[0], name.ToString());
        }
        var known = SettingsTable.All.Select(setting => "LOCUTOR_" + setting.Name.ToUpperInvariant()).Append("LOCUTOR_PULL").ToHashSet();
        foreach (var (variable, _) in ((YamlMappingNode)root["x-environment"]).Children)
            known.ShouldContain(variable.ToString());
    }

    [Fact]
    public void Commands_of_workers_and_the_service_are_understood_by_the_program()
    {
        var making = StubMaking.Create(seconds: 0);
        var services = Map(Load("compose/compose.yaml"), "services");
        foreach (string name in new[] { "locutor", "worker-cpu", "worker-gpu" })
        {
            string[] words = [.. ((YamlSequenceNode)((YamlMappingNode)services[name])["command"]).Select(word => word.ToString())];
            var command = words[0] == "worker" ? WorkerCommand.Create(making) : ServeCommand.Create(making);
            command.Parse(words[1..]).Errors.ShouldBeEmpty(name);
            for (int i = 0; i < words.Length - 1; i++)
            {
                if (words[i] == "--set" && words[i + 1].Split('=') is [var setting, var value])
                    SettingsTable.All.Select(known => known.Name).ShouldContain(setting, value);
            }
        }
    }

    [Theory]
    [InlineData("locutor")]
    [InlineData("worker-cpu")]
    [InlineData("worker-gpu")]
    public void A_stop_leaves_time_for_the_drain(string name)
    {
        var service = (YamlMappingNode)Map(Load("compose/compose.yaml"), "services")[name];
        double drain = new ServeSettings().DrainSeconds;
        string[] words = [.. ((YamlSequenceNode)service["command"]).Select(word => word.ToString())];
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i - 1] == "--drain-seconds") drain = double.Parse(words[i], CultureInfo.InvariantCulture);
            if (words[i].StartsWith("drain_seconds=", StringComparison.Ordinal))
                drain = double.Parse(words[i].Split('=')[1], CultureInfo.InvariantCulture);
        }
        double.Parse(service["stop_grace_period"].ToString().TrimEnd('s'), CultureInfo.InvariantCulture)
            .ShouldBeGreaterThanOrEqualTo(drain + 20);
    }

    [Fact]
    public void The_image_copies_what_exists_and_its_user_is_not_root()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, "images", "Containerfile"));
        foreach (string line in lines.Where(line => line.StartsWith("COPY ", StringComparison.Ordinal)))
        {
            if (line.Contains("--from=", StringComparison.Ordinal)) continue;
            string source = line.Split(' ').Skip(1).First(word => !word.StartsWith("--", StringComparison.Ordinal));
            Path.Exists(Path.Combine(TestEnvironment.Checkout, source)).ShouldBeTrue(line);
        }
        lines.Single(line => line.StartsWith("USER ", StringComparison.Ordinal)).ShouldNotBe("USER 0");
        lines.ShouldContain(line => line.StartsWith("HEALTHCHECK ", StringComparison.Ordinal));
        File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "Directory.Build.props")).ShouldContain("LocutorTorch");
        var settings = lines.Single(line => line.StartsWith("ENV ", StringComparison.Ordinal)).Split(' ').Skip(1)
            .Select(pair => pair.Split('=', 2)).Where(pair => pair[0].StartsWith("LOCUTOR_", StringComparison.Ordinal));
        foreach (string[] setting in settings)
            SettingsTable.Apply(new ServeSettings(), setting[0][8..].ToLowerInvariant(), setting[1]);
    }

    [Fact]
    public void The_file_for_SkyPilot_is_YAML_with_the_fields_of_a_task()
    {
        var task = Load("skypilot/locutor.yaml");
        task.Children.Keys.Select(key => key.ToString()).ShouldBe(["name", "resources", "envs", "setup", "run"], ignoreOrder: true);
        foreach (string script in new[] { "setup", "run" })
            task[script].ToString().ShouldContain("$LOCUTOR_IMAGE");
        // Docker ends a container 10 s after the request to stop, unless it is told otherwise.
        string run = task["run"].ToString();
        double Number(string name) => double.Parse(Regex.Match(run, $@"{name}[= ](\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Number("--stop-timeout").ShouldBeGreaterThanOrEqualTo(Number("drain_seconds") + 20);
    }

    private static YamlMappingNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Folder, file));
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static YamlMappingNode Map(YamlMappingNode map, string name) => (YamlMappingNode)map[name];

    /// <summary>The fields of a service with those that it takes over from an anchor.</summary>
    private static Dictionary<string, YamlNode> Flat(YamlMappingNode service)
    {
        var flat = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (service.Children.TryGetValue("<<", out var inherited))
            foreach (var (key, value) in ((YamlMappingNode)inherited).Children) flat[key.ToString()] = value;
        foreach (var (key, value) in service.Children) flat[key.ToString()] = value;
        return flat;
    }

    private static IEnumerable<string> Names(Dictionary<string, YamlNode> service, string field) => service.GetValueOrDefault(field) switch
    {
        YamlSequenceNode list => list.Select(name => name.ToString()),
        YamlMappingNode map => map.Children.Keys.Select(name => name.ToString()),
        _ => [],
    };
}
