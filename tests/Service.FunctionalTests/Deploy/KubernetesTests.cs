using System.Diagnostics;
using System.Globalization;
using k8s;
using k8s.Models;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>The files for Kubernetes are built by kustomize and parsed strictly: a field that Kubernetes does not have fails.</summary>
public sealed class KubernetesTests
{
    private static readonly Dictionary<string, Type> Types = new()
    {
        ["keda.sh/v1alpha1/ScaledObject"] = typeof(ScaledObject),
        ["keda.sh/v1alpha1/TriggerAuthentication"] = typeof(TriggerAuthentication),
    };

    [Theory]
    [InlineData("one-box")]
    [InlineData("cluster")]
    public async Task An_overlay_is_valid_and_its_parts_fit_together(string overlay)
    {
        var all = await BuildAsync(overlay);
        foreach (var deployment in all.OfType<V1Deployment>())
            CheckDeployment(deployment, all);
        foreach (var map in all.OfType<V1ConfigMap>())
            CheckSettings(map.Data);
        var api = all.OfType<V1Deployment>().Single(deployment => deployment.Metadata.Name == "locutor-api");
        foreach (var service in all.OfType<V1Service>())
            Selects(service.Spec.Selector, api.Spec.Template.Metadata.Labels);
        foreach (var budget in all.OfType<V1PodDisruptionBudget>())
            Selects(budget.Spec.Selector.MatchLabels, api.Spec.Template.Metadata.Labels);
        Selects(all.OfType<V1NetworkPolicy>().Single().Spec.PodSelector.MatchLabels, api.Spec.Template.Metadata.Labels);
    }

    [Fact]
    public async Task The_cluster_scales_its_GPU_workers_by_the_demand_down_to_zero()
    {
        var all = await BuildAsync("cluster");
        var scaled = all.OfType<ScaledObject>().Single();
        var worker = all.OfType<V1Deployment>().Single(deployment => deployment.Metadata.Name == scaled.Spec.ScaleTargetRef.Name);
        scaled.Spec.MinReplicaCount.ShouldBe(0);
        var trigger = scaled.Spec.Triggers.ShouldHaveSingleItem();
        trigger.Type.ShouldBe("metrics-api");
        var url = new Uri(trigger.Metadata["url"]);
        url.Host.ShouldBe("locutor-api.locutor");
        url.AbsolutePath.ShouldBe("/v1/demand");
        string[] command = [.. worker.Spec.Template.Spec.Containers[0].Args];
        url.Query.ShouldContain("models=" + command[Array.IndexOf(command, "--model") + 1]);
        typeof(Locutor.Jobs.Grains.QueueDemand).GetProperty(
            CultureInfo.InvariantCulture.TextInfo.ToTitleCase(trigger.Metadata["valueLocation"])).ShouldNotBeNull();
        int window = scaled.Spec.Advanced!.HorizontalPodAutoscalerConfig!.Behavior!.ScaleDown.StabilizationWindowSeconds!.Value;
        string chosen = $"| **{trigger.Metadata["targetValue"]}** | **{window} s** | **{scaled.Spec.CooldownPeriod} s** |";
        File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "docs", "notes", "scale.md")).ShouldContain(chosen);
        var authentication = all.OfType<TriggerAuthentication>().Single();
        authentication.Metadata.Name.ShouldBe(trigger.AuthenticationRef!.Name);
        authentication.Spec.SecretTargetRef.Single().Parameter.ShouldBe("token");
    }

    private static void CheckDeployment(V1Deployment deployment, IReadOnlyList<object> all)
    {
        string name = deployment.Metadata.Name;
        var pod = deployment.Spec.Template;
        Selects(deployment.Spec.Selector.MatchLabels, pod.Metadata.Labels);
        var volumes = pod.Spec.Volumes.Select(volume => volume.Name).ToHashSet();
        pod.Spec.SecurityContext.RunAsNonRoot.ShouldBe(true, name);
        pod.Spec.EnableServiceLinks.ShouldBe(false, $"{name}: the variables of the Service locutor-api would look like settings");
        var settings = all.OfType<V1ConfigMap>().Single().Data.ToDictionary();
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
        {
            container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true, container.Name);
            container.SecurityContext.AllowPrivilegeEscalation.ShouldBe(false, container.Name);
            container.VolumeMounts.Select(mount => mount.Name).ShouldAllBe(mount => volumes.Contains(mount), $"{name} {container.Name}");
            CheckSettings(container.Env?.ToDictionary(variable => variable.Name, variable => variable.Value) ?? []);
        }
        foreach (var claim in pod.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null))
        {
            all.OfType<V1PersistentVolumeClaim>().Select(volume => volume.Metadata.Name)
                .ShouldContain(claim.PersistentVolumeClaim.ClaimName);
        }
        string[] arguments = [.. pod.Spec.Containers[0].Args];
        string drain = Array.IndexOf(arguments, "--drain-seconds") is var at and >= 0
            ? arguments[at + 1]
            : settings["LOCUTOR_DRAIN_SECONDS"];
        pod.Spec.TerminationGracePeriodSeconds!.Value.ShouldBeGreaterThanOrEqualTo(
            long.Parse(drain, CultureInfo.InvariantCulture) + 20, $"{name} must be able to drain");
    }

    /// <summary>Every variable is a setting of the service whose value is in range, or a variable of the image.</summary>
    private static void CheckSettings(IDictionary<string, string> variables)
    {
        foreach (var (name, value) in variables.Where(variable => variable.Key != "LOCUTOR_PULL"))
        {
            name.ShouldStartWith("LOCUTOR_");
            if (value is not null)
                SettingsTable.Apply(new ServeSettings(), name[8..].ToLowerInvariant(), value);
            else
                SettingsTable.All.Select(setting => setting.Name).ShouldContain(name[8..].ToLowerInvariant());
        }
    }

    private static void Selects(IDictionary<string, string> selector, IDictionary<string, string> labels)
    {
        foreach (var (name, value) in selector)
            labels.ShouldContain(new KeyValuePair<string, string>(name, value));
    }

    private static async Task<IReadOnlyList<object>> BuildAsync(string overlay)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/kubectl") || File.Exists("/usr/local/bin/kubectl"), "kubectl is not installed");
        string folder = Path.Combine(TestEnvironment.Checkout, "deploy", "kubernetes", "overlays", overlay);
        var start = new ProcessStartInfo("kubectl", ["kustomize", folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await error);
        return [.. KubernetesYaml.LoadAllFromString(text, Types, strict: true)];
    }
}
