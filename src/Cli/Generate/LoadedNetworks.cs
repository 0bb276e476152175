using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Models;

namespace Locutor.Cli.Generate;

/// <summary>The networks of the model that was used last, so that several videos of one model load it once.</summary>
internal sealed class LoadedNetworks : IDisposable
{
    private Task<NetworkSet>? loading;
    private string name = "";
    private IReadOnlyList<BundleAdapter> adapters = [];
    private bool told;

    /// <summary>
    /// Begins to load the bundled model while the inputs of a video are read. Other models are loaded after that, since loading takes
    /// minutes, and an error of an input must be reported at once.
    /// </summary>
    public void Begin(CheckedVideo video)
    {
        if (video.Model.IsShipped && !Holds(video)) Start(video);
    }

    /// <summary>Returns the networks for a video; loads them if others, or none, are loaded.</summary>
    public NetworkSet For(CheckedVideo video, Report report)
    {
        if (!Holds(video)) Start(video);
        if (told) return loading!.GetAwaiter().GetResult();
        report.At(new(GenerationStage.Loading, 0, 0, 0, video.Asked.Settings.Steps));
        var networks = loading!.GetAwaiter().GetResult();
        report.Weights(networks.Summary, video.Model.IsShipped);
        foreach (string line in networks.Notices) report.Say(line);
        told = true;
        return networks;
    }

    public void Dispose()
    {
        if (loading is null) return;
        loading.ContinueWith(_ => { }, TaskScheduler.Default).Wait(); // also if it fails
        if (loading.IsCompletedSuccessfully) loading.Result.Dispose();
        loading = null;
    }

    private bool Holds(CheckedVideo video) =>
        loading is { IsFaulted: false } && name == video.Model.Bundle.Name && adapters.SequenceEqual(video.Asked.Settings.Adapters);

    private void Start(CheckedVideo video)
    {
        Dispose();
        (name, adapters, told) = (video.Model.Bundle.Name, video.Asked.Settings.Adapters, false);
        loading = Task.Run(() => NetworkSet.Load(video.Model, Options(video)));
    }

    private static LoadingOptions Options(CheckedVideo video) =>
        LoadingOptions.From(video.Devices.Value, video.Arguments.Precision) with
        {
            Adapters = video.Asked.Settings.Adapters,
            Budget = video.Arguments.VramBudget,
        };
}
