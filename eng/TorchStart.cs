namespace Locutor;

/// <summary>Part of every test and benchmark that runs networks: before anything of TorchSharp is touched, what has to be arranged for it.</summary>
internal static class TorchStart
{
    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void Load() => Torch.Loading.TorchLibraries.Load();
}
