namespace Locutor;

/// <summary>Loads libtorch before anything of TorchSharp is used; part of every test and benchmark that runs networks.</summary>
internal static class TorchStart
{
    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void Load() => Torch.Loading.TorchLibraries.Load(Torch.TorchOptions.FromEnvironment());
}
