using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Models;

namespace Locutor.Cli.Generate;

/// <summary>The networks of the model that was used last, so that several videos of one model load it once.</summary>
internal sealed class LoadedNetworks : IDisposable
{
    private NetworkSet? networks;
    private string name = "";
    private IReadOnlyList<BundleAdapter> adapters = [];

    /// <summary>Returns the networks for a video; loads them if others, or none, are loaded.</summary>
    public NetworkSet For(CheckedVideo video, Report report)
    {
        var settings = video.Asked.Settings;
        if (networks is not null && name == video.Model.Bundle.Name && adapters.SequenceEqual(settings.Adapters)) return networks;
        Dispose();
        report.At(new(GenerationStage.Loading, 0, 0, 0, settings.Steps));
        networks = NetworkSet.Load(
            video.Model,
            LoadingOptions.From(video.Devices, video.Arguments.Precision) with
            {
                Adapters = settings.Adapters,
                Budget = video.Arguments.VramBudget,
            });
        (name, adapters) = (video.Model.Bundle.Name, settings.Adapters);
        report.Weights(networks.Summary, shipped: video.Model.Bundle.Files().All(file => file.File.Repository is null));
        foreach (string line in networks.Notices) report.Say(line);
        return networks;
    }

    public void Dispose()
    {
        networks?.Dispose();
        networks = null;
    }
}
